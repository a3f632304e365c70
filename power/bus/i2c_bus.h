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

// A device at an address of a bus.
class I2cBus {
 public:
  virtual ~I2cBus() = default;
  I2cBus() = default;
  I2cBus(const I2cBus&) = delete;
  I2cBus& operator=(const I2cBus&) = delete;

  // Each is one transaction. Throws I2cError.
  virtual std::uint16_t read_word(std::uint8_t reg) = 0;
  virtual void write_word(std::uint8_t reg, std::uint16_t value) = 0;
  // Reads a register of 1 to 32 bytes in the order of the wire and in one transaction, so that its bytes are consistent. Throws
  // MeterUnavailable if the adapter cannot do this (SMBus without block reads).
  virtual void read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes);
  // The number of transactions since opening, including failed ones.
  virtual std::uint64_t transactions() const = 0;
};

// Linux i2c-dev. With plain I2C a read is one I2C_RDWR of {write pointer, read 2}; an SMBus-only adapter gets word data with
// swapped bytes (SMBus sends the low byte first).
class LinuxI2cBus final : public I2cBus {
 public:
  // Opens `device`, such as /dev/i2c-1, without writing or reading. Throws MeterUnavailable with the fix: no such bus, no
  // permission, a kernel driver or another meter owns the address, or the adapter supports neither. `sysfs` is where /sys is
  // mounted.
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
  bool block_ = false;  // whether the adapter supports SMBus I2C block reads
  std::uint64_t transactions_ = 0;
};

// Reserves an address of an open bus for this file description until release_address(), or until all its descriptors are
// closed: a lock of the byte at that offset of the bus's device file. Two meters on one chip would clear each other's ready
// flag and change each other's set-up. Throws MeterUnavailable if another description has it, in this process or another. Does
// nothing where the file cannot be locked.
void reserve_address(int fd, const std::string& device, std::uint8_t address);
void release_address(int fd, std::uint8_t address);

// The kernel driver bound to an address, from SYSFS/bus/i2c/devices/N-00AA/driver; empty: none.
std::string bound_driver(const std::filesystem::path& device, std::uint8_t address,
                         const std::filesystem::path& sysfs = "/sys");

}  // namespace tbft::power
