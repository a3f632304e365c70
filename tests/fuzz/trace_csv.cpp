#include <cmath>
#include <sstream>
#include <string>

#include "tbft/power/trace.h"
#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::power;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in{std::string(fuzz::text(data, size))};
  try {
    for (const NamedEnergy& window : integrate(read_trace(in, "trace"))) {
      fuzz::check(window.energy.valid == window.energy.reason.empty());
    }
  } catch (const TraceError&) {
    return 0;
  }
  return 0;
}
