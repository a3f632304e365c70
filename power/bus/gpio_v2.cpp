// libgpiod 2.x (Debian 13).
#include <gpiod.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "power/bus/gpio_chip.h"

namespace tbft::power {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// libgpiod's objects, freed with their own functions.
template <auto free>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Chip = std::shared_ptr<gpiod_chip>;
using ChipInfo = std::unique_ptr<gpiod_chip_info, Free<gpiod_chip_info_free>>;
using LineInfo = std::unique_ptr<gpiod_line_info, Free<gpiod_line_info_free>>;
using Settings = std::unique_ptr<gpiod_line_settings, Free<gpiod_line_settings_free>>;
using LineConfig = std::unique_ptr<gpiod_line_config, Free<gpiod_line_config_free>>;
using RequestConfig = std::unique_ptr<gpiod_request_config, Free<gpiod_request_config_free>>;
using Request = std::unique_ptr<gpiod_line_request, Free<gpiod_line_request_release>>;
using EventBuffer = std::unique_ptr<gpiod_edge_event_buffer, Free<gpiod_edge_event_buffer_free>>;

template <typename T>
T checked(T object) {
  if (!object) fail("out of memory");
  return object;
}

class Output final : public GpioOutput {
 public:
  Output(Request request, unsigned offset) : request_(std::move(request)), offset_(offset) {}
  void set(bool high) override {
    const auto value = high ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    if (gpiod_line_request_set_value(request_.get(), offset_, value) < 0) fail("GPIO line cannot be set");
  }

 private:
  Request request_;
  unsigned offset_;
};

class LineEdges final : public GpioEdges {
 public:
  explicit LineEdges(Request request)
      : request_(std::move(request)), buffer_(checked(EventBuffer(gpiod_edge_event_buffer_new(1)))) {}
  int fd() const override { return gpiod_line_request_get_fd(request_.get()); }
  Edge read() override {
    if (gpiod_line_request_read_edge_events(request_.get(), buffer_.get(), 1) < 1) fail("GPIO edge cannot be read");
    gpiod_edge_event* const event = gpiod_edge_event_buffer_get_event(buffer_.get(), 0);
    return {.t_ns = static_cast<TimeNs>(gpiod_edge_event_get_timestamp_ns(event)),
            .rising = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE};
  }

 private:
  Request request_;
  EventBuffer buffer_;
};

class ChipV2 final : public GpioChip {
 public:
  explicit ChipV2(Chip chip) : chip_(std::move(chip)), info_(gpiod_chip_get_info(chip_.get())) {
    if (!info_) fail("the chip has no information");
  }
  std::string name() const override { return gpiod_chip_info_get_name(info_.get()); }
  std::string label() const override { return gpiod_chip_info_get_label(info_.get()); }
  unsigned lines() const override { return static_cast<unsigned>(gpiod_chip_info_get_num_lines(info_.get())); }

  std::optional<std::string> holder(unsigned offset) override {
    const LineInfo line(gpiod_chip_get_line_info(chip_.get(), offset));
    if (!line) fail("no such line");
    if (!gpiod_line_info_is_used(line.get())) return std::nullopt;
    const char* const consumer = gpiod_line_info_get_consumer(line.get());
    return consumer != nullptr ? consumer : "?";
  }
  std::unique_ptr<GpioOutput> output(unsigned offset, const std::string& consumer) override {
    const auto settings = checked(Settings(gpiod_line_settings_new()));
    gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_OUTPUT);
    gpiod_line_settings_set_output_value(settings.get(), GPIOD_LINE_VALUE_INACTIVE);
    return std::make_unique<Output>(request(offset, *settings, consumer), offset);
  }
  std::unique_ptr<GpioEdges> edges(unsigned offset, Edges edges, const std::string& consumer) override {
    const auto settings = checked(Settings(gpiod_line_settings_new()));
    gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_INPUT);
    gpiod_line_settings_set_edge_detection(settings.get(), edges == Edges::rising    ? GPIOD_LINE_EDGE_RISING
                                                           : edges == Edges::falling ? GPIOD_LINE_EDGE_FALLING
                                                                                     : GPIOD_LINE_EDGE_BOTH);
    gpiod_line_settings_set_event_clock(settings.get(), GPIOD_LINE_CLOCK_MONOTONIC);
    return std::make_unique<LineEdges>(request(offset, *settings, consumer));
  }

 private:
  Request request(unsigned offset, gpiod_line_settings& settings, const std::string& consumer) const {
    const auto lines = checked(LineConfig(gpiod_line_config_new()));
    if (gpiod_line_config_add_line_settings(lines.get(), &offset, 1, &settings) < 0) fail("line settings are refused");
    const auto options = checked(RequestConfig(gpiod_request_config_new()));
    gpiod_request_config_set_consumer(options.get(), consumer.c_str());
    Request granted(gpiod_chip_request_lines(chip_.get(), options.get(), lines.get()));
    if (!granted) fail("cannot be requested");
    return granted;
  }

  Chip chip_;
  ChipInfo info_;
};

}  // namespace

std::unique_ptr<GpioChip> open_gpio_chip(const std::filesystem::path& device) {
  Chip chip(gpiod_chip_open(device.c_str()), [](gpiod_chip* open) {
    if (open != nullptr) gpiod_chip_close(open);
  });
  if (!chip) fail("cannot be opened");
  return std::make_unique<ChipV2>(std::move(chip));
}

}  // namespace tbft::power
