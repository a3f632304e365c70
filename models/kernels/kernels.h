// The passes of passes.h, compiled once for each instruction set; one is picked at run time. No torch here.
#pragma once

#include <span>

#include "models/kernels/passes.h"

namespace tbft::models::kernels {

// The sets that this processor runs, the fastest last.
std::span<const Kernels* const> available();
// The fastest one.
const Kernels& kernels();

}  // namespace tbft::models::kernels
