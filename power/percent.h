// %3F for ?, as in URLs: so that a path may hold the characters that would end it.
#pragma once

#include <string>
#include <string_view>

namespace tbft::power {

// "%3F" becomes "?". A % that no two hexadecimal digits follow stays what it is.
std::string percent_decoded(std::string_view text);
// The characters in `special`, and each % that would be decoded; percent_decoded() gives `text` back.
std::string percent_encoded(std::string_view text, std::string_view special);

}  // namespace tbft::power
