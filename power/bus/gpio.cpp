#include "tbft/power/gpio.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "power/bus/gpio_chip.h"
#include "tbft/power/clock.h"
#include "tbft/power/meter.h"

namespace tbft::power {
namespace {

constexpr TimeNs stop_check = 100'000'000;  // a stop request ends a wait within this time

bool is_denied(const std::error_code& code) {
  return code.value() == EACCES || code.value() == EPERM;
}

[[noreturn]] void denied(const std::string& device) {
  throw MeterUnavailable(
      fmt::format("{}: no permission; join the group gpio: sudo usermod -aG gpio $USER, then log in again", device));
}

// /dev/gpiochip0, 1, ... in order; links to them (udev makes some for older names) are skipped.
std::vector<std::filesystem::path> chip_devices(const std::filesystem::path& dev) {
  std::vector<std::filesystem::path> devices;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(dev, none)) {
    if (entry.path().filename().string().starts_with("gpiochip") && !entry.is_symlink(none)) devices.push_back(entry.path());
  }
  std::ranges::sort(devices, [](const auto& a, const auto& b) {
    return std::pair(a.native().size(), a.native()) < std::pair(b.native().size(), b.native());
  });
  return devices;
}

std::unique_ptr<GpioChip> open_device(const std::filesystem::path& device, const GpioRoot& root) {
  try {
    return root.open(device);
  } catch (const std::system_error& error) {
    if (is_denied(error.code())) denied(device.string());
    throw MeterUnavailable(fmt::format("{}: {}; is it a GPIO chip? gpiodetect lists them", device.string(), error.what()));
  }
}

std::unique_ptr<GpioChip> find_by_label(const std::string& label, const GpioRoot& root) {
  std::vector<std::string> found;
  std::vector<std::string> labels;
  std::unique_ptr<GpioChip> match;
  std::string locked;
  for (const auto& device : chip_devices(root.dev)) {
    try {
      auto chip = root.open(device);
      labels.push_back(fmt::format("{} ({})", chip->label(), chip->name()));
      if (chip->label() != label) continue;
      found.push_back(chip->name());
      match = std::move(chip);
    } catch (const std::system_error& error) {
      if (is_denied(error.code())) locked = device.string();
    }
  }
  if (found.size() == 1) return match;
  if (found.size() > 1) {
    throw MeterUnavailable(fmt::format("GPIO chip {}: {} have this label; name one of them", label, fmt::join(found, ", ")));
  }
  if (!locked.empty()) denied(locked);
  throw MeterUnavailable(
      labels.empty() ? fmt::format("GPIO chip {}: this machine has no GPIO chip (no {}/gpiochip*)", label, root.dev.string())
                     : fmt::format("GPIO chip {}: no such chip; there are {}", label, fmt::join(labels, ", ")));
}

std::unique_ptr<GpioChip> find_chip(const std::string& chip, const GpioRoot& root) {
  if (chip.find('/') != std::string::npos) return open_device(chip, root);
  std::error_code none;
  if (const auto device = root.dev / chip; chip.starts_with("gpiochip") && std::filesystem::exists(device, none))
    return open_device(device, root);
  return find_by_label(chip, root);
}

// Finds the chip, checks that the line exists and is free, and requests it.
template <typename Request>
auto request(const GpioLine& line, const GpioRoot& root, Request ask) {
  const auto chip = find_chip(line.chip, root);
  if (line.offset >= chip->lines()) {
    throw MeterUnavailable(fmt::format("GPIO line {}: {} has the lines 0 to {}", to_string(line), chip->label(),
                                       static_cast<long>(chip->lines()) - 1));
  }
  const auto busy = [&](const std::string& holder) {
    return MeterUnavailable(fmt::format(
        "GPIO line {}: in use by `{}`; end that program (or the driver or overlay of that name), or use another line",
        to_string(line), holder));
  };
  try {
    if (const auto holder = chip->holder(line.offset)) throw busy(*holder);
    return ask(*chip);
  } catch (const std::system_error& error) {
    if (error.code().value() == EBUSY) throw busy("?");
    if (is_denied(error.code())) denied(chip->name());
    throw MeterUnavailable(fmt::format("GPIO line {}: {}", to_string(line), error.what()));
  }
}

class Input final : public GpioInput {
 public:
  explicit Input(std::unique_ptr<GpioEdges> edges) : edges_(std::move(edges)), clock_(steady_clock()) {}

  std::optional<Edge> take() override { return ready_within(0) ? std::optional(edges_->read()) : std::nullopt; }

  std::optional<Edge> wait(TimeNs until, const std::stop_token& stop) override {
    while (!stop.stop_requested()) {
      const TimeNs left = std::max<TimeNs>(until - clock_->now(), 0);
      if (ready_within(stop.stop_possible() ? std::min(left, stop_check) : left)) return edges_->read();
      if (clock_->now() >= until) break;
    }
    return std::nullopt;
  }

 private:
  bool ready_within(TimeNs duration) const {
    pollfd line{.fd = edges_->fd(), .events = POLLIN, .revents = 0};
    const timespec timeout{.tv_sec = duration / 1'000'000'000, .tv_nsec = duration % 1'000'000'000};
    const int ready = ::ppoll(&line, 1, &timeout, nullptr);
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "GPIO line");
    if (ready <= 0) return false;
    if ((line.revents & POLLIN) == 0) throw std::system_error(ENODEV, std::generic_category(), "GPIO chip was removed");
    return true;
  }

  std::unique_ptr<GpioEdges> edges_;
  std::shared_ptr<Clock> clock_;
};

}  // namespace

GpioLine parse_gpio_line(std::string_view text) {
  const auto colon = text.rfind(':');
  GpioLine line;
  const char* const end = text.data() + text.size();
  if (colon != std::string_view::npos && colon > 0) {
    line.chip = text.substr(0, colon);
    const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, line.offset);
    if (error == std::errc() && parsed == end && line.offset < 65536) return line;
  }
  throw std::invalid_argument(fmt::format(
      "GPIO line `{}`: CHIP:OFFSET is expected, such as pinctrl-rp1:17 or gpiochip0:17 (gpioinfo lists chips and lines)",
      text));
}

std::string to_string(const GpioLine& line) {
  return fmt::format("{}:{}", line.chip, line.offset);
}

std::unique_ptr<GpioOutput> open_gpio_output(const GpioLine& line, std::string_view consumer, const GpioRoot& root) {
  return request(line, root, [&](GpioChip& chip) { return chip.output(line.offset, std::string(consumer)); });
}
std::unique_ptr<GpioInput> open_gpio_input(const GpioLine& line, Edges edges, std::string_view consumer, const GpioRoot& root) {
  return std::make_unique<Input>(
      request(line, root, [&](GpioChip& chip) { return chip.edges(line.offset, edges, std::string(consumer)); }));
}
std::unique_ptr<GpioOutput> open_gpio_output(const GpioLine& line, std::string_view consumer) {
  return open_gpio_output(line, consumer, GpioRoot{});
}
std::unique_ptr<GpioInput> open_gpio_input(const GpioLine& line, Edges edges, std::string_view consumer) {
  return open_gpio_input(line, edges, consumer, GpioRoot{});
}

}  // namespace tbft::power
