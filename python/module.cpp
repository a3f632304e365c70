// The extension tbft._power: the classes of the package tbft with their documents. Each call that may wait, for a device, a
// reading or a lock, releases the interpreter's lock (GIL) for as long as it is outside of Python.
#include <fmt/format.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "python/errors.h"
#include "python/session.h"
#include "python/text.h"
#include "tbft/power/detect.h"

namespace py = pybind11;

namespace tbft::python {
namespace {

using Unlocked = py::call_guard<py::gil_scoped_release>;

// Monitors and windows may wait when they end, so their last owner lets the interpreter run meanwhile. A window that owns a
// monitor ends it without the GIL.
template <typename T>
struct UnlockedDelete {
  void operator()(T* object) const {
    std::optional<py::gil_scoped_release> unlocked;
    if (PyGILState_Check() != 0) unlocked.emplace();
    delete object;
  }
};
template <typename T, typename... Args>
std::shared_ptr<T> make_unlocked(const Args&... args) {
  const py::gil_scoped_release unlocked;
  return std::shared_ptr<T>(new T(args...), UnlockedDelete<T>());
}

std::string text_of(const MeasuredEnergy& energy) {
  const power::Energy& e = energy.value;
  if (!e.valid) return fmt::format("no energy: {}", e.reason);
  std::string text = fmt::format("{:.4g} J", e.energy_J);
  if (!std::isnan(e.U_J)) text += fmt::format(" +- {:.2g} J (k=2)", e.U_J);
  text += fmt::format(", {:.4g} s, {:.4g} W", e.duration_s, e.mean_W);
  return energy.measured ? text : text + ", not a measurement";
}

std::string net_text(const MeasuredNet& net) {
  if (!net.reason.empty()) return fmt::format("no energy beyond idle: {}", net.reason);
  std::string text = fmt::format("{:.4g} J", net.value.net_J);
  if (!std::isnan(net.value.U_net_J)) text += fmt::format(" +- {:.2g} J (k=2)", net.value.U_net_J);
  text += fmt::format(" beyond idle, idle {:.4g} W", net.value.idle_W);
  return net.measured ? text : text + ", not a measurement";
}

// A field of the power library's Energy or NetEnergy.
template <typename Member>
auto field(Member member) {
  return [member](const MeasuredEnergy& energy) { return energy.value.*member; };
}
auto net_field(double power::NetEnergy::*member) {
  return [member](const MeasuredNet& net) { return net.value.*member; };
}

void add_energies(py::module_& module) {
  using power::Energy;
  using power::NetEnergy;
  py::class_<MeasuredNet>(module, "NetEnergy", py::module_local(),
                          "Energy beyond idle. If it is not valid, `reason` says why. What is unknown is NaN.")
      .def_property_readonly("joules", net_field(&NetEnergy::net_J),
                             "joules beyond idle: gross minus idle_watts times the seconds")
      .def_property_readonly("U", net_field(&NetEnergy::U_net_J), "expanded uncertainty of joules in J, k = 2")
      .def_property_readonly("U_random", net_field(&NetEnergy::U_random_net_J),
                             "the part of U in J without the meter's gain and offset, k = 2")
      .def_property_readonly("idle_watts", net_field(&NetEnergy::idle_W), "mean power in W of the two idle windows")
      .def_property_readonly("idle_drift_watts", net_field(&NetEnergy::idle_drift_W), "idle power in W after minus before")
      .def_property_readonly(
          "valid", [](const MeasuredNet& net) { return net.reason.empty(); }, "whether all three energies are valid")
      .def_readonly("reason", &MeasuredNet::reason, "why there is none: that of the first energy that is not valid")
      .def_readonly("measured", &MeasuredNet::measured, "False if one of the three is an estimate or a replay")
      .def("__str__", net_text)
      .def("__repr__", [](const MeasuredNet& net) { return fmt::format("<tbft.NetEnergy: {}>", net_text(net)); });
  py::class_<MeasuredEnergy>(module, "Energy", py::module_local(),
                             "The energy of one window, or of all windows of a name. If it is not valid, joules, watts and\n"
                             "uncertainties are NaN, and `reason` says why. What is unknown is NaN, never 0.")
      .def_property_readonly("joules", field(&Energy::energy_J), "gross energy in J: idle power is included")
      .def_property_readonly("U", field(&Energy::U_J),
                             "expanded uncertainty of joules in J, k = 2; NaN if the meter states no accuracy")
      .def_property_readonly("U_random", field(&Energy::U_random_J),
                             "the part of U in J without the meter's gain and offset, k = 2")
      .def_property_readonly("valid", field(&Energy::valid), "whether there is an energy")
      .def_property_readonly("reason", field(&Energy::reason), "why there is none; empty if it is valid")
      .def_property_readonly("seconds", field(&Energy::duration_s), "duration in s")
      .def_property_readonly("watts", field(&Energy::mean_W), "mean power in W")
      .def_property_readonly("max_watts", field(&Energy::max_W), "largest reading in W")
      .def_property_readonly("readings", field(&Energy::samples), "number of new readings inside")
      .def_property_readonly("readings_per_second", field(&Energy::distinct_hz), "rate of new readings in Hz")
      .def_property_readonly("longest_gap", field(&Energy::longest_gap_s), "longest time in s without a new reading")
      .def_property_readonly("coverage_pct", field(&Energy::coverage_pct), "part of the duration outside of gaps, in %")
      .def_readonly("measured", &MeasuredEnergy::measured, "False if the meter is an estimate or a replay")
      .def("net", net_of, py::arg("idle_before"), py::arg("idle_after"),
           "The energy beyond idle, from the energies of an idle window before this one and of one after it.")
      .def("__str__", text_of)
      .def("__repr__", [](const MeasuredEnergy& energy) { return fmt::format("<tbft.Energy: {}>", text_of(energy)); });
}

void add_meters(py::module_& module) {
  using power::FoundMeter;
  using power::MeterInfo;
  py::class_<MeterInfo>(module, "Meter", py::module_local(), "What a meter says of itself.")
      .def_readonly("uri", &MeterInfo::uri, "opens the same meter again")
      .def_readonly("description", &MeterInfo::description, "chip, bus, address, shunt in one line")
      .def_property_readonly(
          "scope", [](const MeterInfo& meter) { return power::to_string(meter.scope); },
          "the part of the machine that it measures: board, package, rail or battery")
      .def_readonly("measured", &MeterInfo::measured, "False for an estimate or a replay")
      .def_readonly("period", &MeterInfo::nominal_period_s, "time in s between two readings")
      .def_readonly("gap_limit", &MeterInfo::gap_limit_s, "longest time in s without a new reading that is not yet a gap")
      .def_readonly("note", &MeterInfo::note, "what the meter changed by itself, and why; mostly empty")
      .def_readonly("assumption", &MeterInfo::assumption, "a value that every joule depends on and the URI does not state")
      .def("__repr__", [](const MeterInfo& meter) { return fmt::format("<tbft.Meter: {}>", meter.description); });
  py::class_<FoundMeter>(module, "FoundMeter", py::module_local(), "A meter of this machine, from meters().")
      .def_readonly("uri", &FoundMeter::uri, "for Monitor()")
      .def_property_readonly(
          "scope", [](const FoundMeter& meter) { return power::to_string(meter.scope); },
          "the part of the machine that it measures: board, package, rail or battery")
      .def_property_readonly(
          "state", [](const FoundMeter& meter) { return power::to_string(meter.state); },
          "ready, no_permission, needs_option, driver_bound, not_wired, unusable or absent")
      .def_readonly("detail", &FoundMeter::detail, "its description, or the problem")
      .def_readonly("fix", &FoundMeter::fix, "a command or a URI that solves the problem; empty without one")
      .def("__repr__", [](const FoundMeter& meter) {
        return fmt::format("<tbft.FoundMeter: {}, {}>", meter.uri, power::to_string(meter.state));
      });
  module.def(
      "meters", [] { return power::find_meters(); }, Unlocked(),
      "The meters of this machine, from files of kernel drivers: it reads no I2C address and writes to no device.");
}

void add_window(py::module_& module) {
  py::class_<Window, std::shared_ptr<Window>>(module, "Window", py::module_local(),
                                              "A named interval, from Monitor.window(). `with` closes it; an exception that\n"
                                              "leaves the block cancels it. Any thread may use it.")
      .def_property_readonly("name", &Window::name, "the name in the trace")
      .def("close", &Window::close, Unlocked(), "Ends the window now, and waits for nothing. Without effect unless it is open.")
      .def("cancel", &Window::cancel, Unlocked(), "Ends the window without an energy. Without effect unless it is open.")
      .def_property_readonly("energy", py::cpp_function(&Window::energy, Unlocked()),
                             "The Energy of this window alone. It waits for the meter's reading beyond the end, up to the\n"
                             "meter's gap limit, while other threads run. ValueError: the window is open or was forgotten.")
      .def("__enter__", [](const std::shared_ptr<Window>& window) { return window; })
      .def("__exit__", [](Window& window, const py::object& type, const py::object&, const py::object&) {
        if (window.in_child()) return;  // the window is the parent's; what the child raises stays
        const bool ended = type.is_none();
        const py::gil_scoped_release unlocked;
        ended ? window.close() : window.cancel();
      });
}

constexpr const char* monitor_text =
    "Samples a power meter in a thread of its own, which never holds the GIL. Any thread may use it.\n\n"
    "    with tbft.Monitor(\"ina219:///dev/i2c-1?shunt_ohm=0.1\") as monitor:\n"
    "        with monitor.window(\"train\") as window:\n"
    "            train()\n"
    "        print(window.energy.joules, window.energy.U)\n\n"
    "uri: the meter, as `tbft meters` lists them; `auto` takes the best one of this machine.\n"
    "interval: time in s from one reading to the next, 100e-6 to 3600; 0 is the meter's default.\n"
    "trace: a file for every reading and mark; `tbft integrate` gives the same joules from it.\n"
    "append: continue an existing trace, which is an error otherwise.\n\n"
    "NoMeter: there is no such meter. ValueError: a wrong URI or interval, or the trace exists. Error: the trace cannot be\n"
    "written. A meter that fails later raises nothing: energies are then invalid, and `failure` says why.";

// A property of the monitor, read without the GIL.
template <typename Read>
py::cpp_function property(Read read) {
  return {[read](Session& session) { return session.with_monitor(read); }, Unlocked()};
}

void add_sampling(py::class_<Session, std::shared_ptr<Session>>& monitor) {
  using power::Monitor;
  monitor.def_property_readonly("meter", property([](const Monitor& m) { return m.meter(); }), "The Meter at this interval.")
      .def_property_readonly("watts", property([](const Monitor& m) { return m.live().watts_W; }),
                             "The last power in W; NaN before the first reading. After close() it is the last one before that.")
      .def_property_readonly("failure", property([](const Monitor& m) { return m.failure(); }),
                             "The error that ended sampling; empty while it runs.")
      .def_property_readonly("readings", property([](const Monitor& m) { return m.sampler().distinct; }),
                             "The number of new readings so far.")
      .def_property_readonly("cpu_seconds", property([](const Monitor& m) { return m.sampler().cpu_s; }),
                             "Processor time in s that sampling and the trace took so far.")
      .def_property_readonly("lost_in_trace", property([](const Monitor& m) { return m.lost_in_trace(); }),
                             "The number of readings that the trace lacks, because the disk stalled; energies include them.");
}

void add_monitor(py::module_& module) {
  using power::Monitor;
  using power::Snapshot;
  const py::class_<Snapshot> snapshot(module, "Snapshot", py::module_local(), "An instant, for Monitor.between().");
  py::class_<Session, std::shared_ptr<Session>> monitor(module, "Monitor", py::module_local(), monitor_text);
  monitor
      .def(py::init([](const Text& uri, double interval, const std::optional<std::filesystem::path>& trace, bool append) {
             return make_unlocked<Session>(uri.utf8, interval, trace, append);
           }),
           py::arg("uri") = "auto", py::kw_only(), py::arg("interval") = 0.0, py::arg("trace") = py::none(),
           py::arg("append") = false)
      .def(
          "window",
          [](const std::shared_ptr<Session>& session, const Text& name) { return make_unlocked<Window>(session, name.utf8); },
          py::arg("name"),
          "Opens a Window now. Windows nest and overlap, and a name may recur. ValueError: a window of that name is open, or\n"
          "the name has a comma, a quote, a control character or more than 512 bytes.")
      .def(
          "energy", [](Session& session, const Text& name) { return session.energy(name.utf8); }, py::arg("name"), Unlocked(),
          "The Energy of all windows of that name that have closed, together. Waits as Window.energy does. ValueError: there\n"
          "is none.")
      .def(
          "snapshot", [](Session& session) { return session.with_monitor([](Monitor& m) { return m.snapshot(); }); },
          Unlocked(),
          "This instant, for between(): for work that several threads do at once. While a Snapshot exists, all later\n"
          "readings stay in memory, 48 bytes each.")
      .def("between", &Session::between, py::arg("begin"), py::arg("end"), Unlocked(),
           "The Energy between two Snapshots of this monitor. Waits as Window.energy does.")
      .def(
          "forget",
          [](Session& session, const Text& prefix) { session.with_monitor([&](Monitor& m) { m.forget(prefix.utf8); }); },
          py::arg("prefix"), Unlocked(),
          "Forgets closed windows whose name begins with `prefix`, so that memory stays constant in long runs. Valid\n"
          "energies of windows that were read stay; to read another one is a ValueError.")
      .def("close", &Session::close, Unlocked(),
           "Ends sampling and closes the trace, after the reading beyond the last window; `with` does so. Energies can still "
           "be\n"
           "read. Error: the trace is incomplete.")
      .def("__enter__", [](const std::shared_ptr<Session>& session) { return session; })
      .def("__exit__", [](Session& session, const py::args&) {
        if (session.in_child()) return;
        const py::gil_scoped_release unlocked;
        session.close();
      });
  add_sampling(monitor);
}

}  // namespace

PYBIND11_MODULE(_power, module) {
  add_errors(module);
  add_energies(module);
  add_meters(module);
  add_window(module);
  add_monitor(module);
  module.attr("__version__") = TBFT_PYTHON_VERSION;
  for (const char* name : {"Error", "NoMeter", "NetEnergy", "Energy", "Meter", "FoundMeter", "Window", "Snapshot", "Monitor"})
    module.attr(name).attr("__module__") = "tbft";
}

}  // namespace tbft::python
