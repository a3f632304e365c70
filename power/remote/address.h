// HOST:PORT, as --listen and remote:// take it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tbft::power::remote {

struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;
};

// `host:1234`, `192.0.2.1:1234`, `[2001:db8::1]:1234`. nullopt for anything else.
std::optional<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);

}  // namespace tbft::power::remote
