// Makes text from an untrusted file safe for an error message.
#pragma once

#include <string>
#include <string_view>

namespace tbft::models {

// At most 100 characters, all printable ASCII: other bytes become \xNN, so that a name cannot control the terminal.
std::string printable(std::string_view text);

}  // namespace tbft::models
