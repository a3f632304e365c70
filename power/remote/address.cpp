#include "tbft/power/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tbft::power::remote {

std::optional<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > 255 || (!brackets && host.find(':') != std::string_view::npos)) return std::nullopt;
  if (!std::ranges::all_of(host, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '[' && c != ']'; }))
    return std::nullopt;
  Address address{.host = std::string(host)};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return address;
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

}  // namespace tbft::power::remote
