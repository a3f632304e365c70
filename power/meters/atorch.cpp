#include "power/meters/atorch.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "power/protocol/atorch_frame.h"

namespace tbft::power {
namespace {

// The period is a guess until reports have come: it is learned from them.
constexpr SerialKind kind{.name = "Atorch USB meter",
                          .refresh_s = 1,
                          .step_V = 1e-2,
                          .step_A = 1e-2,
                          .frame_bytes = atorch::report_bytes,
                          .asked = false};

class Decoder final : public SerialDecoder {
 public:
  explicit Decoder(std::string path) : path_(std::move(path)) {}

  std::span<const std::uint8_t> request() const override { return {}; }
  void feed(std::span<const std::uint8_t> bytes) override { stream_.feed(bytes); }
  void clear() override { stream_.clear(); }
  std::size_t rejected() const override { return stream_.rejected(); }

  std::optional<SerialSample> next() override {
    const auto report = stream_.next();
    if (!report) return std::nullopt;
    if (report->kind != atorch::Kind::usb) {
      throw MeterUnavailable(fmt::format("{}: an Atorch meter of kind {}; only the USB meters (kind 3) are known", path_,
                                         static_cast<int>(report->kind)));
    }
    return SerialSample{.volts_V = report->volts_V, .amps_A = report->amps_A, .power_W = unknown};
  }

 private:
  std::string path_;
  atorch::Stream stream_;
};

}  // namespace

std::unique_ptr<SerialMeter> make_atorch(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock) {
  return std::make_unique<SerialMeter>(uri, kind, std::make_unique<Decoder>(uri.path), std::move(open), std::move(clock));
}

std::unique_ptr<Meter> open_atorch(const MeterUri& uri, double /*interval_s*/) {
  return make_atorch(uri, serial_port_of(uri, kind, "atorch:///dev/rfcomm0"), steady_clock());
}

}  // namespace tbft::power
