// Counts memory allocations of the test program. Link allocation_counter.cpp, which replaces operator new.
#pragma once

#include <cstddef>

// ThreadSanitizer has operators of its own, which cannot be replaced: there nothing is counted.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TBFT_COUNTS_NOTHING
#endif
#endif

namespace tbft::power::testing {

#ifdef TBFT_COUNTS_NOTHING
inline constexpr bool counts_allocations = false;
#else
inline constexpr bool counts_allocations = true;
#endif

std::size_t allocations();

}  // namespace tbft::power::testing
