// Text from a file that nobody vouches for, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace tbft::models {

// At most 100 characters, all printable ASCII: other bytes become \xNN (a name must not move the user's cursor).
std::string printable(std::string_view text);

}  // namespace tbft::models
