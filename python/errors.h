// The exceptions of the Python module: tbft.Error (a RuntimeError), tbft.NoMeter (a tbft.Error), and ValueError for wrong
// usage.
#pragma once

#include <pybind11/pybind11.h>

#include <stdexcept>

namespace tbft::python {

// Becomes tbft.Error.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Adds both types to the module, and translates the power library's exceptions that leave a function of this module. Exceptions
// of other modules, such as PyTorch's, stay as they are.
void add_errors(pybind11::module_& module);

}  // namespace tbft::python
