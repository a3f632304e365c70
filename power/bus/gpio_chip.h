// The functions of libgpiod that gpio.cpp needs. The interfaces of libgpiod 1.x and 2.x differ completely, so gpio_v1.cpp and
// gpio_v2.cpp implement this one, and CMake chooses by the installed version.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tbft/power/gpio.h"

namespace tbft::power {

// Edges of one requested line, as the kernel queues them.
class GpioEdges {
 public:
  virtual ~GpioEdges() = default;
  GpioEdges() = default;
  GpioEdges(const GpioEdges&) = delete;
  GpioEdges& operator=(const GpioEdges&) = delete;

  virtual int fd() const = 0;  // readable when an edge is queued
  virtual Edge read() = 0;     // the oldest edge; blocks. Throws std::system_error
};

// An open chip. All functions throw std::system_error. The returned lines keep the chip open.
class GpioChip {
 public:
  virtual ~GpioChip() = default;
  GpioChip() = default;
  GpioChip(const GpioChip&) = delete;
  GpioChip& operator=(const GpioChip&) = delete;

  virtual std::string name() const = 0;  // gpiochip0
  virtual std::string label() const = 0;
  virtual unsigned lines() const = 0;
  // The user of the line ("?" if it has no name); nullopt: unused.
  virtual std::optional<std::string> holder(unsigned offset) = 0;
  virtual std::unique_ptr<GpioOutput> output(unsigned offset, const std::string& consumer) = 0;
  virtual std::unique_ptr<GpioEdges> edges(unsigned offset, Edges edges, const std::string& consumer) = 0;
};

using OpenGpioChip = std::function<std::unique_ptr<GpioChip>(const std::filesystem::path&)>;
std::unique_ptr<GpioChip> open_gpio_chip(const std::filesystem::path& device);

// The folder of devices and the function that opens a chip. The functions of gpio.h use the machine's own; tests use others.
struct GpioRoot {
  std::filesystem::path dev = "/dev";
  OpenGpioChip open = open_gpio_chip;
};
std::unique_ptr<GpioOutput> open_gpio_output(const GpioLine& line, std::string_view consumer, const GpioRoot& root);
std::unique_ptr<GpioInput> open_gpio_input(const GpioLine& line, Edges edges, std::string_view consumer, const GpioRoot& root);

}  // namespace tbft::power
