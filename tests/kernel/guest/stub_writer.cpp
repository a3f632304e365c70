// Drives the registers behind the kernel's i2c-stub, whose memory does not change by itself, as an INA219 on a waveform would.
// Usage: stub_writer /dev/i2c-N ADDRESS SHUNT_OHM WAVEFORM
// A stub cannot see reads, so CNVR falls by itself halfway to the next conversion.
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/kernel/guest/ina_chips.h"

namespace tbft::kernel_test {
namespace {

Ns now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Ns{time.tv_sec} * second + time.tv_nsec;
}
void sleep_until(Ns t) {
  const timespec until{.tv_sec = t / second, .tv_nsec = t % second};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

class Stub {
 public:
  Stub(const char* device, unsigned long address) : fd_(::open(device, O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || ::ioctl(fd_, I2C_SLAVE, address) < 0) throw std::runtime_error("stub_writer: the bus cannot be opened");
  }
  ~Stub() { ::close(fd_); }
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  std::uint16_t read(std::uint8_t reg) const {
    i2c_smbus_data data{};
    transfer(I2C_SMBUS_READ, reg, data);
    return __builtin_bswap16(data.word);
  }
  void write(std::uint8_t reg, std::uint16_t value) const {
    i2c_smbus_data data{};
    data.word = __builtin_bswap16(value);
    transfer(I2C_SMBUS_WRITE, reg, data);
  }

 private:
  void transfer(std::uint8_t direction, std::uint8_t reg, i2c_smbus_data& data) const {
    i2c_smbus_ioctl_data request{.read_write = direction, .command = reg, .size = I2C_SMBUS_WORD_DATA, .data = &data};
    if (::ioctl(fd_, I2C_SMBUS, &request) < 0) throw std::runtime_error("stub_writer: a transfer failed");
  }
  int fd_;
};

void run(const char* device, unsigned long address, double shunt_ohm, const char* wave) {
  const Stub stub(device, address);
  Ina219 chip(waveform(wave), shunt_ohm);
  chip.reset(now());
  std::uint16_t config = 0x399F;
  stub.write(0, config);
  bool ready = false;
  for (Ns ended = now();;) {
    if (const std::uint16_t wanted = stub.read(0); wanted != config) chip.write(0, config = wanted, ended = now());
    const std::uint16_t bus = chip.read(2, now());
    if ((bus & 2U) == 0) {
      sleep_until(now() + 100'000);
      continue;
    }
    const Ns before = std::exchange(ended, now());
    stub.write(1, chip.read(1, ended));
    stub.write(2, bus);
    chip.read(3, ended);  // clears the chip's own flag
    sleep_until(ended + (ended - before) / 2);
    stub.write(2, bus & 0xFFFD);
    if (!std::exchange(ready, true)) std::puts("ready"), std::fflush(stdout);
  }
}

}  // namespace
}  // namespace tbft::kernel_test

int main(int argc, char** argv) {
  try {
    if (argc != 5) throw std::runtime_error("usage: stub_writer DEVICE ADDRESS SHUNT_OHM WAVEFORM");
    tbft::kernel_test::run(argv[1], std::stoul(argv[2], nullptr, 0), std::stod(argv[3]), argv[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
