#include <cmath>

#include "tbft/power/uri.h"
#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::power;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const MeterUri uri = parse_meter_uri(fuzz::text(data, size));
    fuzz::check(to_string(parse_meter_uri(to_string(uri))) == to_string(uri));
    for (const auto& [key, value] : uri.options) {
      try {
        if (const auto x = uri.number(key, -1, 1)) fuzz::check(*x >= -1 && *x <= 1);
        if (const auto n = uri.integer(key, 0, 255)) fuzz::check(*n >= 0 && *n <= 255);
      } catch (const BadMeterUri&) {
        continue;
      }
    }
    fuzz::check(uri.gap_limit_s(0.5) > 0);
    Accuracy accuracy;
    uri.apply_accuracy(accuracy);
  } catch (const BadMeterUri&) {
    return 0;
  }
  return 0;
}
