# Sets TBFT_BUILD_PYTHON: the Python module is built where Debian's Python and pybind11 are found. A sanitized module would need a
# sanitized interpreter, and a cross build the headers of the other machine's Python.
set(python_found OFF)
if(NOT TBFT_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  if(NOT Python_EXECUTABLE AND EXISTS /usr/bin/python3)
    set(Python_EXECUTABLE /usr/bin/python3)  # Debian's, whatever PATH has: pybind11 and PyTorch are for it
  endif()
  find_package(Python 3.11 QUIET COMPONENTS Interpreter Development.Module)
  find_package(pybind11 2.10 QUIET CONFIG)
  if(Python_FOUND AND pybind11_FOUND)
    set(python_found ON)
  endif()
endif()
if(NOT DEFINED TBFT_BUILD_PYTHON)
  set(TBFT_BUILD_PYTHON ${python_found})
elseif(TBFT_BUILD_PYTHON AND NOT python_found)
  message(FATAL_ERROR "TBFT_BUILD_PYTHON needs the packages python3-dev and pybind11-dev, and neither a sanitizer nor a cross build")
endif()
