// A serial line with non-blocking reads and writes. The only code that opens a tty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>

namespace tbft::power {

// The line was lost: unplugged, out of Bluetooth range, or closed by the other end. The port cannot be used any more; open it
// again.
struct SerialError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Used by one thread at a time. Nothing here waits or starts a thread.
class SerialPort {
 public:
  virtual ~SerialPort() = default;
  SerialPort() = default;
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;

  // Returns the bytes that arrived since the last call, at most into.size(); 0: none. Throws SerialError after all bytes before
  // the loss were returned.
  virtual std::size_t read(std::span<std::uint8_t> into) = 0;
  // Sends in order; bytes that the line cannot take yet are sent by later calls. Throws SerialError.
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
  // Discards bytes that arrived and were not read. Throws SerialError.
  virtual void discard_input() = 0;
};

// Throws MeterUnavailable with the fix if there is no such device or this user may not use it. Does not open the device,
// because opening resets some devices.
void require_serial_port(const std::filesystem::path& device);

// Opens `device` raw: 8 data bits, no parity, one stop bit, no flow control (Boost.Asio). Modem lines are neither read nor
// needed. The port is locked (TIOCEXCL and flock): two programs that share a meter would get halves of each other's frames.
// Throws MeterUnavailable with the fix: no such device, no permission, in use, not a serial port, unsupported rate.
std::unique_ptr<SerialPort> open_serial_port(const std::filesystem::path& device, unsigned baud);

}  // namespace tbft::power
