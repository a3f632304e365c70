#include "power/bus/i2c_bus.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"

namespace tbft::power {
namespace {

// "1" of /dev/i2c-1; empty for another name.
std::string bus_number(const std::filesystem::path& device) {
  std::error_code none;
  const auto real = std::filesystem::canonical(device, none);  // udev rules make links
  const std::string name = (none ? device : real).filename().string();
  constexpr std::string_view prefix = "i2c-";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : "";
}

[[noreturn]] void owned(const std::string& device, std::uint8_t address, const std::string& driver) {
  const std::string number = bus_number(device);
  throw MeterUnavailable(fmt::format(
      "{}: address 0x{:02x} belongs to the kernel driver {}; read it as hwmon://, or unbind it: "
      "echo {}-{:04x} | sudo tee /sys/bus/i2c/drivers/{}/unbind",
      device, address, driver.empty() ? "of another name" : driver, number, address, driver.empty() ? "NAME" : driver));
}

int open_device(const std::string& device) {
  const int fd = ::open(device.c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0) return fd;
  const char* const reason = std::strerror(errno);
  std::string fix = "is it an I2C bus?";
  if (errno == ENOENT) {
    fix =
        "on a Raspberry Pi add `dtparam=i2c_arm=on,i2c_arm_baudrate=400000` to config.txt, load the module i2c-dev and reboot";
  } else if (errno == EACCES || errno == EPERM) {
    fix = "join the group i2c: sudo usermod -aG i2c $USER, then log in again";
  }
  throw MeterUnavailable(fmt::format("{}: {}; {}", device, reason, fix));
}

int lock_byte(int fd, short type, std::uint8_t address) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = address;
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &lock);
}

}  // namespace

void reserve_address(int fd, const std::string& device, std::uint8_t address) {
  if (lock_byte(fd, F_WRLCK, address) == 0 || (errno != EAGAIN && errno != EACCES)) return;
  throw MeterUnavailable(fmt::format(
      "{}: another meter of this program or of another one reads the chip at address 0x{:02x}, and a chip serves one "
      "at a time; end that one. Of an INA3221, the kernel's driver shows all channels at once: hwmon://ina3221",
      device, address));
}

// A forked child may still hold the description.
void release_address(int fd, std::uint8_t address) {
  lock_byte(fd, F_UNLCK, address);
}

void I2cBus::read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes) {
  throw MeterUnavailable(fmt::format("this bus cannot read the {} bytes of register 0x{:02x}", bytes.size(), reg));
}

std::string bound_driver(const std::filesystem::path& device, std::uint8_t address, const std::filesystem::path& sysfs) {
  const auto link = sysfs / "bus/i2c/devices" / fmt::format("{}-{:04x}", bus_number(device), address) / "driver";
  std::error_code none;
  const auto target = std::filesystem::read_symlink(link, none);
  return none ? "" : target.filename().string();
}

double bus_clock_hz(const std::filesystem::path& device, const std::filesystem::path& sysfs) {
  const auto adapter = sysfs / "class/i2c-dev" / fmt::format("i2c-{}", bus_number(device)) / "device";
  // The adapter's own node, or its controller's.
  for (const char* node : {"of_node/clock-frequency", "device/of_node/clock-frequency", "../of_node/clock-frequency"}) {
    std::ifstream in(adapter / node, std::ios::binary);
    std::array<unsigned char, 4> cell{};  // a device tree cell: big-endian
    if (in.read(reinterpret_cast<char*>(cell.data()), cell.size()))
      return static_cast<double>((cell[0] << 24U) | (cell[1] << 16U) | (cell[2] << 8U) | cell[3]);
  }
  return 0;
}

LinuxI2cBus::LinuxI2cBus(const std::filesystem::path& device, std::uint8_t address, const std::filesystem::path& sysfs)
    : device_(device.string()), address_(address), fd_(open_device(device_)) {
  try {
    unsigned long functions = 0;
    if (::ioctl(fd_, I2C_FUNCS, &functions) < 0) throw MeterUnavailable(fmt::format("{}: not an I2C bus", device_));
    plain_ = (functions & I2C_FUNC_I2C) != 0;
    block_ = (functions & I2C_FUNC_SMBUS_READ_I2C_BLOCK) != 0;
    if (!plain_ && (functions & I2C_FUNC_SMBUS_WORD_DATA) != I2C_FUNC_SMBUS_WORD_DATA)
      throw MeterUnavailable(fmt::format("{}: the adapter has neither plain I2C nor SMBus word data", device_));
    // I2C_RDWR does not check whether a driver is bound, so it is checked here for both kinds of transfer.
    if (const auto driver = bound_driver(device, address, sysfs); !driver.empty()) owned(device_, address, driver);
    if (::ioctl(fd_, I2C_SLAVE, static_cast<unsigned long>(address)) < 0) {
      if (errno == EBUSY) owned(device_, address, "");
      throw MeterUnavailable(fmt::format("{}: address 0x{:02x}: {}", device_, address, std::strerror(errno)));
    }
    reserve_address(fd_, device_, address);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

LinuxI2cBus::~LinuxI2cBus() {
  release_address(fd_, address_);
  ::close(fd_);
}

void LinuxI2cBus::fail(const char* verb, std::uint8_t reg) const {
  const int code = errno;
  const bool silent = code == EREMOTEIO || code == ENXIO;
  throw I2cError(code, fmt::format("{}: address 0x{:02x} register 0x{:02x} cannot be {}: {}{}", device_, address_, reg, verb,
                                   std::strerror(code), silent ? " (no acknowledge: check wiring, power and address)" : ""));
}

std::uint16_t LinuxI2cBus::read_word(std::uint8_t reg) {
  ++transactions_;
  if (plain_) {
    std::array<std::uint8_t, 2> bytes{};
    std::array<i2c_msg, 2> messages{i2c_msg{.addr = address_, .flags = 0, .len = 1, .buf = &reg},
                                    i2c_msg{.addr = address_, .flags = I2C_M_RD, .len = 2, .buf = bytes.data()}};
    i2c_rdwr_ioctl_data transfer{.msgs = messages.data(), .nmsgs = 2};
    if (::ioctl(fd_, I2C_RDWR, &transfer) < 0) fail("read", reg);
    return static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
  }
  i2c_smbus_data data{};
  i2c_smbus_ioctl_data transfer{.read_write = I2C_SMBUS_READ, .command = reg, .size = I2C_SMBUS_WORD_DATA, .data = &data};
  if (::ioctl(fd_, I2C_SMBUS, &transfer) < 0) fail("read", reg);
  return __builtin_bswap16(data.word);
}

void LinuxI2cBus::read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes) {
  ++transactions_;
  if (bytes.empty() || bytes.size() > I2C_SMBUS_BLOCK_MAX) throw I2cError(EINVAL, fmt::format("{} bytes", bytes.size()));
  if (plain_) {
    std::array<i2c_msg, 2> messages{
        i2c_msg{.addr = address_, .flags = 0, .len = 1, .buf = &reg},
        i2c_msg{.addr = address_, .flags = I2C_M_RD, .len = static_cast<std::uint16_t>(bytes.size()), .buf = bytes.data()}};
    i2c_rdwr_ioctl_data transfer{.msgs = messages.data(), .nmsgs = 2};
    if (::ioctl(fd_, I2C_RDWR, &transfer) < 0) fail("read", reg);
    return;
  }
  if (!block_) {
    throw MeterUnavailable(
        fmt::format("{}: the adapter speaks SMBus without I2C block reads, and address 0x{:02x} has registers longer than 16 "
                    "bits; put the sensor on an adapter with plain I2C (i2cdetect -F shows an adapter's functions)",
                    device_, address_));
  }
  i2c_smbus_data data{};
  data.block[0] = static_cast<std::uint8_t>(bytes.size());
  i2c_smbus_ioctl_data transfer{.read_write = I2C_SMBUS_READ, .command = reg, .size = I2C_SMBUS_I2C_BLOCK_DATA, .data = &data};
  if (::ioctl(fd_, I2C_SMBUS, &transfer) < 0) fail("read", reg);
  if (data.block[0] != bytes.size()) {
    errno = EIO;
    fail("read", reg);
  }
  std::copy_n(&data.block[1], bytes.size(), bytes.begin());
}

void LinuxI2cBus::write_word(std::uint8_t reg, std::uint16_t value) {
  ++transactions_;
  if (plain_) {
    std::array<std::uint8_t, 3> bytes{reg, static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value & 0xffU)};
    i2c_msg message{.addr = address_, .flags = 0, .len = 3, .buf = bytes.data()};
    i2c_rdwr_ioctl_data transfer{.msgs = &message, .nmsgs = 1};
    if (::ioctl(fd_, I2C_RDWR, &transfer) < 0) fail("written", reg);
    return;
  }
  i2c_smbus_data data{};
  data.word = __builtin_bswap16(value);
  i2c_smbus_ioctl_data transfer{.read_write = I2C_SMBUS_WRITE, .command = reg, .size = I2C_SMBUS_WORD_DATA, .data = &data};
  if (::ioctl(fd_, I2C_SMBUS, &transfer) < 0) fail("written", reg);
}

}  // namespace tbft::power
