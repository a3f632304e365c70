#include "power/bus/serial_port.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/serial_port.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "tbft/power/meter.h"

namespace tbft::power {
namespace {

namespace asio = boost::asio;
using asio::serial_port_base;
using boost::system::error_code;

// An answer of a meter has some hundred bytes, so more than this is noise.
constexpr std::size_t max_pending = 16384;
constexpr std::size_t max_unsent = 4096;

std::string fix_for(int code) {
  const auto is_any = [&](std::initializer_list<int> codes) { return std::ranges::find(codes, code) != codes.end(); };
  if (is_any({ENOENT, ENXIO, ENODEV}))
    return "plug the meter in (ls /dev/ttyACM* /dev/ttyUSB*); a Bluetooth meter needs `sudo rfcomm bind 0 ADDRESS` first";
  if (is_any({EACCES, EPERM})) return "join the group dialout: sudo usermod -aG dialout $USER, then log in again";
  if (is_any({EBUSY, EWOULDBLOCK})) return "stop the program that uses it (sudo fuser -v shows it; often it is ModemManager)";
  if (is_any({EHOSTDOWN, EHOSTUNREACH, ETIMEDOUT, ECONNREFUSED}))
    return "Bluetooth does not reach the meter: switch it on and bring it nearer";
  return "is it a serial port?";
}

[[noreturn]] void unavailable(const std::string& device, const error_code& error) {
  throw MeterUnavailable(fmt::format("{}: {}; {}", device, error.message(), fix_for(error.value())));
}

class AsioSerialPort final : public SerialPort {
 public:
  AsioSerialPort(const std::filesystem::path& device, unsigned baud) : device_(device.string()), port_(context_) {
    error_code error;
    port_.open(device_, error);
    if (error) unavailable(device_, error);
    ::fcntl(port_.native_handle(), F_SETFD, FD_CLOEXEC);  // a measured command must not inherit the lock
    lock();
    set(serial_port_base::character_size(8));
    set(serial_port_base::parity(serial_port_base::parity::none));
    set(serial_port_base::stop_bits(serial_port_base::stop_bits::one));
    set(serial_port_base::flow_control(serial_port_base::flow_control::none));
    port_.set_option(serial_port_base::baud_rate(baud), error);
    if (error) throw MeterUnavailable(fmt::format("{}: {} baud: {}; leave baud out for 9600", device_, baud, error.message()));
    ::tcflush(port_.native_handle(), TCIOFLUSH);  // discards data sent to an earlier user
    listen();
  }

  ~AsioSerialPort() override {
    ::ioctl(port_.native_handle(), TIOCNXCL);
    error_code ignored;
    port_.close(ignored);
    context_.restart();
    context_.poll(ignored);  // handlers of cancelled operations refer to this object
  }

  std::size_t read(std::span<std::uint8_t> into) override {
    run();
    const std::size_t n = std::min(into.size(), pending_.size());
    std::copy_n(pending_.begin(), n, into.begin());
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(n));
    if (n == 0) check();
    return n;
  }

  void write(std::span<const std::uint8_t> bytes) override {
    run();
    check();
    if (unsent_.size() + bytes.size() > max_unsent) fail("it takes no bytes");
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    send();
    run();
  }

  void discard_input() override {
    run();
    check();
    pending_.clear();
  }

 private:
  template <typename Option>
  void set(const Option& option) {
    error_code error;
    port_.set_option(option, error);
    if (error) unavailable(device_, error);
  }

  void lock() {
    // Uses both, because root ignores the exclusive mode, and programs that do not lock ignore the lock.
    const int fd = port_.native_handle();
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || ::ioctl(fd, TIOCEXCL) != 0)
      unavailable(device_, {errno, boost::system::system_category()});
  }

  // Runs the handlers of finished operations without waiting.
  void run() {
    context_.restart();
    context_.poll();
  }

  void listen() {
    port_.async_read_some(asio::buffer(chunk_), [this](const error_code& error, std::size_t n) {
      if (error) {
        lost(error);
        return;
      }
      const std::size_t room = max_pending - std::min(max_pending, pending_.size());
      pending_.insert(pending_.end(), chunk_.begin(), chunk_.begin() + static_cast<std::ptrdiff_t>(std::min(n, room)));
      listen();
    });
  }

  void send() {
    if (!sending_.empty() || unsent_.empty()) return;
    sending_.swap(unsent_);
    asio::async_write(port_, asio::buffer(sending_), [this](const error_code& error, std::size_t /*n*/) {
      sending_.clear();
      if (error) {
        lost(error);
      } else {
        send();
      }
    });
  }

  void lost(const error_code& error) {
    if (error != asio::error::operation_aborted && !error_) error_ = error;
  }
  void check() const {
    if (error_) fail(error_.message());
  }
  [[noreturn]] void fail(const std::string& what) const { throw SerialError(fmt::format("{}: {}", device_, what)); }

  std::string device_;
  asio::io_context context_{1};
  asio::serial_port port_;
  std::array<std::uint8_t, 512> chunk_{};
  std::vector<std::uint8_t> pending_;           // arrived, not read
  std::vector<std::uint8_t> unsent_, sending_;  // waiting; being written
  error_code error_;                            // the error that ended the line
};

}  // namespace

void require_serial_port(const std::filesystem::path& device) {
  if (::access(device.c_str(), R_OK | W_OK) != 0) unavailable(device.string(), {errno, boost::system::system_category()});
}

std::unique_ptr<SerialPort> open_serial_port(const std::filesystem::path& device, unsigned baud) {
  return std::make_unique<AsioSerialPort>(device, baud);
}

}  // namespace tbft::power
