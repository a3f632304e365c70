// Threads and convolution back end of this process, and the libtorch that it runs. No torch in this header.
#pragma once

#include <cstdint>
#include <string>

namespace tbft {

// Version of the libtorch that this was built with, for provenance.
std::string libtorch_version();

struct Compute {
  std::int64_t threads = 1;
  std::string backend = "auto";  // onednn | native; auto: onednn where libtorch has it, else native
};
// Throws where the back end is not built in. Returns what took effect, never `auto`. Also has malloc keep memory that steps
// take again and again, instead of handing it back to the kernel.
Compute set_compute(const Compute& requested);

}  // namespace tbft
