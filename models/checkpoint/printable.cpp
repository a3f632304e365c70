#include "models/checkpoint/printable.h"

#include <fmt/format.h>

namespace tbft::models {

std::string printable(std::string_view text) {
  constexpr std::size_t limit = 100;
  std::string out;
  for (const char c : text.substr(0, limit)) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text.size() > limit ? out + "..." : out;
}

}  // namespace tbft::models
