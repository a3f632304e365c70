// The passes of passes.h, compiled once for each instruction set; one is selected at run time. Does not use torch.
#pragma once

#include <span>

#include "models/kernels/passes.h"

namespace tbft::models::kernels {

// The instruction sets that this processor supports, the fastest last.
std::span<const Kernels* const> available();
// The fastest one.
const Kernels& kernels();

}  // namespace tbft::models::kernels
