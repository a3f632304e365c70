// How often the test program has allocated memory. Link allocation_counter.cpp: it replaces operator new.
#pragma once

#include <cstddef>

namespace tbft::power::testing {

std::size_t allocations();

}  // namespace tbft::power::testing
