// Memory of a process that trains. Whoever links the training room with libtorch gets jemalloc as its malloc; its options are
// in memory.cpp. No torch in this header.
#pragma once

namespace tbft {

// Returns to the kernel the freed memory that malloc keeps for the next step, and unmaps the pages of code that only the start
// of the program used (they stay in the page cache). The peak resident set that is measured afterwards is then that of the work
// that follows (Board::reset_peak_rss).
void hand_back_memory();

}  // namespace tbft
