// An argument that is text, as UTF-8. pybind11 takes a str that cannot be UTF-8, such as os.fsdecode() of another encoding's
// file name, for a wrong type; here it is a ValueError that shows it.
#pragma once

#include <fmt/format.h>
#include <pybind11/pybind11.h>

#include <string>

namespace tbft::python {

struct Text {
  std::string utf8;
};

}  // namespace tbft::python

template <>
struct pybind11::detail::type_caster<tbft::python::Text> {
  PYBIND11_TYPE_CASTER(tbft::python::Text, const_name("str"));

  bool load(handle from, bool /*convert*/) {
    if (PyUnicode_Check(from.ptr()) == 0) return false;
    Py_ssize_t size = 0;
    if (const char* const utf8 = PyUnicode_AsUTF8AndSize(from.ptr(), &size)) {
      value.utf8.assign(utf8, static_cast<std::size_t>(size));
      return true;
    }
    PyErr_Clear();
    throw value_error(fmt::format("{}: is not UTF-8", std::string(pybind11::str(pybind11::repr(from)))));
  }
};
