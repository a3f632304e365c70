// tbft meters NAME: what a user must know of one kind of meter.
#pragma once

#include <string>

namespace tbft::cli {

// Prints the form of its URI, the options that its parser accepts, accuracy and set-up, and what of it this machine has. Throws
// power::BadMeterUri for a name that is no kind. Returns the exit code.
int describe_kind(const std::string& name, bool json);

}  // namespace tbft::cli
