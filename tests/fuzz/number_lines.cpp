#include "power/protocol/number_lines.h"

#include <cmath>
#include <iterator>

#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::power;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view units[] = {"W", "V,A", "J", "t,W", "t,V,A", "t,J"};
  if (size == 0) return 0;
  NumberLines lines(parse_line_format(units[data[0] % std::size(units)]).value(), data[0] / 64);
  try {
    for (std::string_view rest = fuzz::text(data + 1, size - 1); !rest.empty();) {
      const std::string_view piece = rest.substr(0, 7);
      rest.remove_prefix(piece.size());
      lines.feed(piece);
      while (const auto line = lines.next()) {
        for (const auto& number : {line->time_s, line->watts_W, line->volts_V, line->amps_A, line->energy_J})
          fuzz::check(!std::isinf(number.value) && std::isfinite(number.step) && number.step >= 0);
      }
    }
  } catch (const BadLine& error) {
    for (const char c : std::string_view(error.what())) fuzz::check(c >= 0x20);
  }
  return 0;
}
