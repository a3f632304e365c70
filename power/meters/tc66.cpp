// tc66:///dev/ttyACM0 : RDTech TC66 and TC66C over USB.
//
// The driver sends only `getva` (request values). Joules are the integral of V x A: the meter's own counter has steps of 1 mWh
// = 3.6 J.
#include <utility>

#include "power/meters/list.h"
#include "power/protocol/tc66_frame.h"

namespace tbft::power {
namespace {

constexpr MeterOption options[] = {baud_option(115200), gain_pct_option, offset_A_option};
constexpr SerialKind kind{
    .name = "TC66", .refresh_s = 0.5, .step_V = 1e-4, .step_A = 1e-5, .frame_bytes = tc66::frame_bytes, .options = options};

class Decoder final : public SerialDecoder {
 public:
  std::span<const std::uint8_t> request() const override { return tc66::request; }
  void feed(std::span<const std::uint8_t> bytes) override { stream_.feed(bytes); }
  void clear() override { stream_.clear(); }
  std::size_t rejected() const override { return stream_.rejected(); }

  std::optional<SerialSample> next() override {
    const auto frame = stream_.next();
    if (!frame) return std::nullopt;
    return SerialSample{.volts_V = frame->volts_V, .amps_A = frame->amps_A, .power_W = frame->power_W};
  }

 private:
  tc66::Stream stream_;
};

}  // namespace

std::span<const MeterOption> tc66_options() {
  return options;
}

std::unique_ptr<SerialMeter> make_tc66(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock) {
  return std::make_unique<SerialMeter>(uri, kind, std::make_unique<Decoder>(), std::move(open), std::move(clock));
}

std::unique_ptr<Meter> open_tc66(const MeterUri& uri, double /*interval_s*/) {
  return make_tc66(uri, serial_port_of(uri, kind, "tc66:///dev/ttyACM0"), steady_clock());
}

}  // namespace tbft::power
