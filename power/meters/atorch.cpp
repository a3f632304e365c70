// atorch:///dev/rfcomm0 : Atorch meters over Bluetooth or a serial adapter. The driver sends nothing.
//
// A USB meter's steps of 10 mA and 10 mV are coarse: 50 mW at 5 V; a DC meter's are 1 mA and 0.1 V. Meters for mains are
// refused, because their power is not volts times amperes.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "power/meters/list.h"
#include "power/protocol/atorch_frame.h"

namespace tbft::power {
namespace {

constexpr MeterOption check_option{.name = "check",
                                   .meaning = "off: ignores the check byte, for loads that put noise there, such as the DL24",
                                   .values = "on, off",
                                   .otherwise = "on"};
constexpr MeterOption kind_option{.name = "kind",
                                  .meaning = "usb: UD18, J7-c and such; dc: DC meters and electronic loads",
                                  .values = "usb, dc",
                                  .otherwise = "usb; with check=off dc"};
constexpr MeterOption options[] = {kind_option, check_option, baud_option(9600), gain_pct_option, offset_A_option};

struct Options {
  atorch::Check check = atorch::Check::on;
  atorch::Kind kind = atorch::Kind::usb;
};
Options options_of(const MeterUri& uri) {
  Options chosen;
  const auto check = uri.text(check_option.name).value_or("on");
  if (check != "on" && check != "off") throw BadMeterUri(fmt::format("meter atorch: check={}: on and off are known", check));
  if (check == "off") chosen.check = atorch::Check::off;
  // Loads with noise in the check byte are DC loads.
  const auto kind = uri.text(kind_option.name).value_or(check == "off" ? "dc" : "usb");
  if (kind != "usb" && kind != "dc") throw BadMeterUri(fmt::format("meter atorch: kind={}: usb and dc are known", kind));
  if (kind == "dc") chosen.kind = atorch::Kind::dc;
  return chosen;
}

// The period is a guess until it has been learned from reports.
SerialKind serial_kind(const Options& chosen) {
  const atorch::Steps steps = atorch::steps_of(chosen.kind);
  return {.name = chosen.kind == atorch::Kind::dc ? "Atorch DC meter" : "Atorch USB meter",
          .refresh_s = 1,
          .step_V = steps.volts_V,
          .step_A = steps.amps_A,
          .frame_bytes = atorch::report_bytes,
          .asked = false,
          .options = options,
          .damaged_fix = " For a load with noise in its check byte add ?check=off"};
}

class Decoder final : public SerialDecoder {
 public:
  Decoder(std::string path, const Options& chosen) : path_(std::move(path)), kind_(chosen.kind), stream_(chosen.check) {}

  std::span<const std::uint8_t> request() const override { return {}; }
  void feed(std::span<const std::uint8_t> bytes) override { stream_.feed(bytes); }
  void clear() override { stream_.clear(); }
  std::size_t rejected() const override { return stream_.rejected(); }

  std::optional<SerialSample> next() override {
    const auto report = stream_.next();
    if (!report) return std::nullopt;
    if (report->kind == atorch::Kind::ac) {
      throw MeterUnavailable(fmt::format(
          "{}: an Atorch meter for mains (kind 1); only the USB meters, the DC meters and the DC loads are supported", path_));
    }
    if (report->kind != kind_) {  // the scales of the kinds differ by a factor of ten
      const bool dc = report->kind == atorch::Kind::dc;
      throw MeterUnavailable(fmt::format("{}: this is an Atorch {}; add {}kind={} to the URI", path_,
                                         dc ? "DC meter or load" : "USB meter", dc ? "?" : "&", dc ? "dc" : "usb"));
    }
    return SerialSample{.volts_V = report->volts_V, .amps_A = report->amps_A, .power_W = unknown};
  }

 private:
  std::string path_;
  atorch::Kind kind_;
  atorch::Stream stream_;
};

}  // namespace

std::span<const MeterOption> atorch_options() {
  return options;
}

std::unique_ptr<SerialMeter> make_atorch(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock) {
  const Options chosen = options_of(uri);
  return std::make_unique<SerialMeter>(uri, serial_kind(chosen), std::make_unique<Decoder>(uri.path, chosen), std::move(open),
                                       std::move(clock));
}

std::unique_ptr<Meter> open_atorch(const MeterUri& uri, double /*interval_s*/) {
  return make_atorch(uri, serial_port_of(uri, serial_kind(options_of(uri)), "atorch:///dev/rfcomm0"), steady_clock());
}

}  // namespace tbft::power
