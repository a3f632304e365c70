// um24c:///dev/rfcomm0, um25c://, um34c:// : RD (RuiDeng) USB meters over Bluetooth or a serial adapter.
//
// The driver sends only F0 (request values). Joules are the integral of V x A: the meter's own counter has steps of 1 mWh = 3.6
// J.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "power/meters/list.h"
#include "power/protocol/rd_um_frame.h"

namespace tbft::power {
namespace {

constexpr MeterOption options[] = {baud_option(9600), gain_pct_option, offset_A_option};

class Decoder final : public SerialDecoder {
 public:
  Decoder(const rd_um::Model& model, std::string path) : model_(model), path_(std::move(path)) {}

  std::span<const std::uint8_t> request() const override { return rd_um::request; }
  void feed(std::span<const std::uint8_t> bytes) override { stream_.feed(bytes); }
  void clear() override { stream_.clear(); }
  std::size_t rejected() const override { return stream_.rejected(); }

  std::optional<SerialSample> next() override {
    const auto frame = stream_.next();
    if (!frame) return std::nullopt;
    if (frame->model != &model_) {
      // The models' scales differ by a factor of ten, so the wrong name would give values wrong by that factor.
      throw MeterUnavailable(fmt::format("{}: this is a {}, not a {}; use {}://{}", path_, frame->model->name, model_.name,
                                         frame->model->scheme, path_));
    }
    return SerialSample{.volts_V = frame->volts_V, .amps_A = frame->amps_A, .power_W = frame->power_W};
  }

 private:
  const rd_um::Model& model_;
  std::string path_;
  rd_um::Stream stream_;
};

SerialKind kind_of(const rd_um::Model& model) {
  return {.name = model.name,
          .refresh_s = 0.5,
          .step_V = model.step_V,
          .step_A = model.step_A,
          .frame_bytes = rd_um::frame_bytes,
          .options = options};
}

const rd_um::Model& model_of(const MeterUri& uri) {
  const rd_um::Model* model = rd_um::model_of_scheme(uri.name);
  if (model == nullptr) throw BadMeterUri(fmt::format("meter {}: no such RD meter", uri.name));
  return *model;
}

}  // namespace

std::span<const MeterOption> rd_um_options() {
  return options;
}

std::unique_ptr<SerialMeter> make_rd_um(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock) {
  const rd_um::Model& model = model_of(uri);
  return std::make_unique<SerialMeter>(uri, kind_of(model), std::make_unique<Decoder>(model, uri.path), std::move(open),
                                       std::move(clock));
}

std::unique_ptr<Meter> open_rd_um(const MeterUri& uri, double /*interval_s*/) {
  const std::string example = fmt::format("{}:///dev/rfcomm0", uri.name);
  return make_rd_um(uri, serial_port_of(uri, kind_of(model_of(uri)), example), steady_clock());
}

}  // namespace tbft::power
