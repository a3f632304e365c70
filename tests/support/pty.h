// A pseudo-terminal with a fixed name. The test holds the device's end, the program opens the other. Tests only.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace tbft::power::testing {

class Pty {
 public:
  // `link` is the name of the program's end, in place of /dev/ttyUSB0.
  explicit Pty(std::filesystem::path link) : link_(std::move(link)) { plug(); }
  ~Pty() { unplug(); }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  void plug() {
    master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    std::array<char, 64> name{};
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0 ||
        ::ptsname_r(master_, name.data(), name.size()) != 0) {
      throw std::system_error(errno, std::generic_category(), "pty");
    }
    // Stays open, so that the master works before the program opens its end and after the program closes it.
    slave_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (slave_ < 0) throw std::system_error(errno, std::generic_category(), name.data());
    termios raw{};
    ::tcgetattr(slave_, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave_, TCSANOW, &raw);
    std::filesystem::create_symlink(name.data(), link_);
  }

  // Simulates a pulled cable: the name disappears, and a program that has it open reads end of file.
  void unplug() {
    if (master_ < 0) return;
    ::close(std::exchange(master_, -1));
    ::close(std::exchange(slave_, -1));
    std::filesystem::remove(link_);
  }

  bool plugged() const { return master_ >= 0; }
  const std::filesystem::path& link() const { return link_; }

  // What the program has sent since the last call.
  std::vector<std::uint8_t> read() const {
    std::vector<std::uint8_t> all;
    std::array<std::uint8_t, 256> chunk{};
    for (ssize_t n = 0; master_ >= 0 && (n = ::read(master_, chunk.data(), chunk.size())) > 0;) {
      all.insert(all.end(), chunk.begin(), chunk.begin() + n);
    }
    return all;
  }

  void write(std::span<const std::uint8_t> bytes) const {
    if (bytes.empty() || master_ < 0) return;
    if (::write(master_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      throw std::system_error(errno, std::generic_category(), "pty write");
    }
  }

  // Returns when the program, which is this thread, can read it.
  void deliver(std::span<const std::uint8_t> bytes) const {
    if (bytes.empty() || master_ < 0) return;
    write(bytes);
    pollfd ready{.fd = slave_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10'000) != 1) throw std::runtime_error("the pty does not pass bytes on");
  }

 private:
  std::filesystem::path link_;
  int master_ = -1;
  int slave_ = -1;
};

}  // namespace tbft::power::testing
