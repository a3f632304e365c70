#include "tbft/power/firmware.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace tbft::power {
namespace {

constexpr std::size_t longest_text = 1024;  // bytes of a command or an answer
constexpr std::uint32_t get_gencmd_result = 0x00030080;
constexpr std::uint32_t status_success = 0x80000000;
const unsigned long mailbox_property = _IOWR(100, 0, char*);

// A property message with one tag.
struct Message {
  std::uint32_t size = sizeof(Message);
  std::uint32_t status = 0;  // 0 in a request
  std::uint32_t tag = get_gencmd_result;
  std::uint32_t value_size = longest_text;
  std::uint32_t value_length = 0;
  std::uint32_t error = 0;
  std::array<char, longest_text> text{};
  std::uint32_t end = 0;
};

int open_first(const std::filesystem::path& dev, std::string& path) {
  int fd = -1;
  for (const char* name : {"vcio", "vcio_gencmd"}) {
    const std::string tried = (dev / name).string();
    fd = ::open(tried.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT) {
      path = tried;
      return fd;
    }
  }
  path = (dev / "vcio").string();
  errno = ENOENT;
  return fd;
}

}  // namespace

Firmware::Firmware(const std::filesystem::path& dev) : fd_(open_first(dev, path_)) {
  if (fd_ >= 0) return;
  const int code = errno;
  if (code == EACCES || code == EPERM) {
    throw FirmwareError(FirmwareFault::no_permission,
                        fmt::format("{}: {}; join the group video: sudo usermod -aG video $USER, then log in again", path_,
                                    std::strerror(code)));
  }
  throw FirmwareError(code == ENOENT ? FirmwareFault::missing : FirmwareFault::io,
                      fmt::format("{}: {}; only a Raspberry Pi has it", path_, std::strerror(code)));
}

Firmware::~Firmware() {
  if (fd_ >= 0) ::close(fd_);
}

Firmware::Firmware(Firmware&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

std::string Firmware::ask(std::string_view command) {
  Message message;
  if (command.size() + 1 > message.text.size()) throw FirmwareError(FirmwareFault::io, "firmware: the command is too long");
  std::ranges::copy(command, message.text.begin());
  if (::ioctl(fd_, mailbox_property, &message) < 0)
    throw FirmwareError(FirmwareFault::io, fmt::format("{}: {}: {}", path_, command, std::strerror(errno)));
  const auto end = std::ranges::find(message.text, '\0');
  std::string answer(message.text.begin(), end);
  if (message.status != status_success || message.error != 0) {
    throw FirmwareError(FirmwareFault::refused, fmt::format("{}: {}: the firmware refused (code {}) {}", path_, command,
                                                            message.error, answer.substr(0, 120)));
  }
  refuse_error_answer(command, answer);
  return answer;
}

void refuse_error_answer(std::string_view command, std::string_view answer) {
  if (!answer.starts_with("error=")) return;
  throw FirmwareError(FirmwareFault::refused, fmt::format("firmware: {}: {}", command, answer.substr(0, 120)));
}

}  // namespace tbft::power
