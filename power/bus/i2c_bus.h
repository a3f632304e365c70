// I2C: the registers of one device, high byte first on the wire. The only code that opens an i2c-dev node.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

namespace tbft::power {

// A transfer failed. `code` is the errno: EREMOTEIO or ENXIO when the device did not acknowledge.
struct I2cError : std::runtime_error {
  I2cError(int code_, const std::string& what) : std::runtime_error(what), code(code_) {}
  int code;
};

// One device at one address of one bus.
class I2cBus {
 public:
  virtual ~I2cBus() = default;
  I2cBus() = default;
  I2cBus(const I2cBus&) = delete;
  I2cBus& operator=(const I2cBus&) = delete;

  // One transaction each. Throws I2cError.
  virtual std::uint16_t read_word(std::uint8_t reg) = 0;
  virtual void write_word(std::uint8_t reg, std::uint16_t value) = 0;
  // A register of 1 to 32 bytes, in the order of the wire, in one transaction: nothing changes between its bytes. Throws
  // MeterUnavailable where the adapter cannot (SMBus without block reads).
  virtual void read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes);
  // Transactions since it was opened, failed ones included.
  virtual std::uint64_t transactions() const = 0;
};

// Linux i2c-dev. With plain I2C a read is one I2C_RDWR of {write pointer, read 2}; an adapter that speaks SMBus only gets word
// data with the bytes swapped (SMBus is low byte first).
class LinuxI2cBus final : public I2cBus {
 public:
  // `device` such as /dev/i2c-1. Nothing is written or read yet. Throws MeterUnavailable with the fix: no such bus, no
  // permission, a kernel driver owns the address, or an adapter that can neither. `sysfs` is where /sys is mounted.
  LinuxI2cBus(const std::filesystem::path& device, std::uint8_t address, const std::filesystem::path& sysfs = "/sys");
  ~LinuxI2cBus() override;

  std::uint16_t read_word(std::uint8_t reg) override;
  void write_word(std::uint8_t reg, std::uint16_t value) override;
  void read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes) override;
  std::uint64_t transactions() const override { return transactions_; }

 private:
  [[noreturn]] void fail(const char* verb, std::uint8_t reg) const;

  std::string device_;
  std::uint8_t address_;
  int fd_ = -1;
  bool plain_ = false;
  bool block_ = false;  // SMBus I2C block reads
  std::uint64_t transactions_ = 0;
};

// The kernel driver bound to an address, from SYSFS/bus/i2c/devices/N-00AA/driver; empty: none.
std::string bound_driver(const std::filesystem::path& device, std::uint8_t address,
                         const std::filesystem::path& sysfs = "/sys");

}  // namespace tbft::power
