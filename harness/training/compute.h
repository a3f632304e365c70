// Sets the threads and the convolution back end of this process, and names its libtorch and BLAS. No torch in this header.
#pragma once

#include <cstdint>
#include <string>

namespace tbft {

// The version of libtorch that the program was built with, for provenance.
std::string libtorch_version();

// What runs libtorch's matrix products, for provenance: "OpenBLAS 0.3.21 Cooperlake" names the processor of its kernels. A
// release older than the machine's own may choose a far older one, which takes several times the processor time. Of another
// library it is what system_blas() says (harness/host/provenance.h).
std::string blas_library();

struct Compute {
  std::int64_t threads = 1;
  std::string backend = "auto";  // onednn | native | auto: onednn if libtorch was built with it, otherwise native
};
// Of libtorch, oneDNN and OpenBLAS. Throws std::runtime_error if the back end is not built in. Returns the settings in effect,
// never `auto`.
Compute set_compute(const Compute& requested);

}  // namespace tbft
