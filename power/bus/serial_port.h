// A serial line, read and written without waiting. The only code that opens a tty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>

namespace tbft::power {

// The line is gone: unplugged, out of Bluetooth range, the other end closed. The port is of no use any more; open it anew.
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

  // Takes over what has arrived since the last call, at most into.size() bytes; 0: nothing. Throws SerialError, after the bytes
  // that came before the end were handed out.
  virtual std::size_t read(std::span<std::uint8_t> into) = 0;
  // Sends in order; what the line cannot take yet goes with the next calls. Throws SerialError.
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
  // Forgets what has arrived and was not read. Throws SerialError.
  virtual void discard_input() = 0;
};

// Throws MeterUnavailable with the fix where there is no such device or this user may not use it. Opens nothing: that alone
// resets some devices.
void require_serial_port(const std::filesystem::path& device);

// Opens `device` raw: 8 data bits, no parity, one stop bit, no flow control (Boost.Asio). Modem lines are neither read nor
// needed. The port is locked (TIOCEXCL and flock): two programs that share a meter would get halves of each other's frames.
// Throws MeterUnavailable with the fix: no such device, no permission, in use, no serial port, a rate it does not know.
std::unique_ptr<SerialPort> open_serial_port(const std::filesystem::path& device, unsigned baud);

}  // namespace tbft::power
