// libgpiod 1.6 (Debian 12).
#include <gpiod.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "power/bus/gpio_chip.h"

namespace tbft::power {
namespace {

using Chip = std::shared_ptr<gpiod_chip>;  // a line lives as long as its chip

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// A requested line; released with the object.
class Line {
 public:
  Line(Chip chip, gpiod_line* line) : chip_(std::move(chip)), line_(line) {}
  ~Line() { gpiod_line_release(line_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  gpiod_line* get() const { return line_; }

 private:
  Chip chip_;
  gpiod_line* line_;
};

class Output final : public GpioOutput {
 public:
  Output(Chip chip, gpiod_line* line) : line_(std::move(chip), line) {}
  void set(bool high) override {
    if (gpiod_line_set_value(line_.get(), high ? 1 : 0) < 0) fail("GPIO line cannot be set");
  }

 private:
  Line line_;
};

class LineEdges final : public GpioEdges {
 public:
  LineEdges(Chip chip, gpiod_line* line) : line_(std::move(chip), line) {}
  int fd() const override { return gpiod_line_event_get_fd(line_.get()); }
  Edge read() override {
    gpiod_line_event event{};
    if (gpiod_line_event_read(line_.get(), &event) < 0) fail("GPIO edge cannot be read");
    return {.t_ns = TimeNs{event.ts.tv_sec} * 1'000'000'000 + event.ts.tv_nsec,
            .rising = event.event_type == GPIOD_LINE_EVENT_RISING_EDGE};
  }

 private:
  Line line_;
};

class ChipV1 final : public GpioChip {
 public:
  explicit ChipV1(Chip chip) : chip_(std::move(chip)) {}
  std::string name() const override { return gpiod_chip_name(chip_.get()); }
  std::string label() const override { return gpiod_chip_label(chip_.get()); }
  unsigned lines() const override { return gpiod_chip_num_lines(chip_.get()); }

  std::optional<std::string> holder(unsigned offset) override {
    gpiod_line* const found = line(offset);
    if (!gpiod_line_is_used(found)) return std::nullopt;
    const char* const consumer = gpiod_line_consumer(found);
    return consumer != nullptr ? consumer : "?";
  }
  std::unique_ptr<GpioOutput> output(unsigned offset, const std::string& consumer) override {
    gpiod_line* const found = line(offset);
    if (gpiod_line_request_output(found, consumer.c_str(), 0) < 0) fail("cannot be requested as output");
    return std::make_unique<Output>(chip_, found);
  }
  std::unique_ptr<GpioEdges> edges(unsigned offset, Edges edges, const std::string& consumer) override {
    gpiod_line* const found = line(offset);
    const auto request = edges == Edges::rising    ? gpiod_line_request_rising_edge_events
                         : edges == Edges::falling ? gpiod_line_request_falling_edge_events
                                                   : gpiod_line_request_both_edges_events;
    if (request(found, consumer.c_str()) < 0) fail("edges cannot be requested");
    return std::make_unique<LineEdges>(chip_, found);
  }

 private:
  gpiod_line* line(unsigned offset) const {
    gpiod_line* const found = gpiod_chip_get_line(chip_.get(), offset);
    if (found == nullptr) fail("no such line");
    return found;
  }

  Chip chip_;
};

}  // namespace

std::unique_ptr<GpioChip> open_gpio_chip(const std::filesystem::path& device) {
  Chip chip(gpiod_chip_open(device.c_str()), [](gpiod_chip* open) {
    if (open != nullptr) gpiod_chip_close(open);
  });
  if (!chip) fail("cannot be opened");
  return std::make_unique<ChipV1>(std::move(chip));
}

}  // namespace tbft::power
