// Counts memory allocations of the test program. Link allocation_counter.cpp, which replaces operator new.
#pragma once

#include <cstddef>

namespace tbft::power::testing {

std::size_t allocations();

}  // namespace tbft::power::testing
