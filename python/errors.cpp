#include "python/errors.h"

#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "tbft/power/meter.h"

namespace py = pybind11;

namespace tbft::python {
namespace {

// The library's messages are for the program, where a meter is an option: -m 'ina219://...'.
std::string for_python(std::string message) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> words{
      {{"-m ", ""}, {"`tbft doctor` gives details", "tbft.meters() lists what is here"}}};
  for (const auto& [from, to] : words) {
    for (auto at = message.find(from); at != std::string::npos; at = message.find(from, at + to.size()))
      message.replace(at, from.size(), to);
  }
  return message;
}

// Messages name files, and Linux's file names are bytes: what is not UTF-8 becomes \xff.
std::string readable(std::string_view message) {
  const auto text = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "backslashreplace"));
  if (!text) throw py::error_already_set();
  return text.cast<std::string>();
}

// pybind11 gives an exception that leaves a translator to the next one: those of Failure and NoMeter come after this.
void translate(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const py::builtin_exception&) {
    throw;
  } catch (const power::MeterUnavailable& error) {
    throw power::MeterUnavailable(readable(for_python(error.what())));
  } catch (const power::BadMeterUri& error) {
    PyErr_SetString(PyExc_ValueError, readable(for_python(error.what())).c_str());
  } catch (const std::logic_error& error) {
    PyErr_SetString(PyExc_ValueError, readable(error.what()).c_str());
  } catch (const std::runtime_error& error) {  // files (std::system_error), traces
    throw Failure(readable(error.what()));
  }
}

}  // namespace

void add_errors(py::module_& module) {
  auto& error = py::register_local_exception<Failure>(module, "Error", PyExc_RuntimeError);
  error.attr("__doc__") = "A meter, a trace or a run directory that cannot be used; the message says what to do.";
  auto& no_meter = py::register_local_exception<power::MeterUnavailable>(module, "NoMeter", error);
  no_meter.attr("__doc__") = "There is no such meter, or it cannot be used now; the message says what to do.";
  py::register_local_exception_translator(translate);
}

}  // namespace tbft::python
