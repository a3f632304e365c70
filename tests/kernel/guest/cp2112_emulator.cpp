// A CP2112 USB-to-I2C bridge (Silicon Labs AN495) in software, on /dev/uhid: the kernel's own hid-cp2112 driver then offers a
// real /dev/i2c-N (I2C_RDWR and SMBus) and a real GPIO chip. On its bus sit power sensors that measure a known waveform.
//
// Usage: cp2112_emulator WAVEFORM CONTROL LOG CHIP@ADDRESS@SHUNT_OHM[@ALERT]...
// CONTROL is a FIFO that takes lines: `nack SECONDS` (nobody acknowledges), `hang SECONDS` (the bridge answers nothing),
// `reset` (the chips lose power), `gpio PIN 0|1` (an input changes). ALERT is the `pull` file of a
// simulated GPIO line that the chip's ALERT pin is wired to. LOG gets a line `NANOSECONDS PIN 0|1` for each output that
// changes.
#include <fcntl.h>
#include <linux/uhid.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kernel/guest/ina_chips.h"

namespace tbft::kernel_test {
namespace {

using Bytes = std::vector<std::uint8_t>;

Ns now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Ns{time.tv_sec} * second + time.tv_nsec;
}

// An ALERT pin: open drain, wired to a line of gpio-sim.
struct Alert {
  Chip* chip;
  int pull;
  bool low = false;

  void follow(Ns t) {
    if (chip->alert(t) == low) return;
    low = !low;
    const std::string_view text = low ? "pull-down" : "pull-up";
    if (::write(pull, text.data(), text.size()) < 0) std::perror("cp2112_emulator: ALERT");
  }
};

// The I2C bus: chips by address, and faults that last for a while.
struct Bus {
  std::map<int, std::unique_ptr<Chip>> chips;
  std::map<int, std::uint8_t> pointers;
  Ns nack_until = 0;

  // false: no acknowledge.
  bool transfer(int address, std::span<const std::uint8_t> written, std::size_t to_read, Bytes& answer) {
    answer.clear();
    const Ns t = now();
    const auto chip = chips.find(address);
    if (chip == chips.end() || t < nack_until) return false;
    std::uint8_t& pointer = pointers[address];
    if (!written.empty()) pointer = written[0];
    if (written.size() >= 3) chip->second->write(pointer, static_cast<std::uint16_t>(written[1] << 8U | written[2]), t);
    if (to_read == 0) return true;
    const std::uint16_t value = chip->second->read(pointer, t);
    for (std::size_t i = 0; i < to_read; ++i)
      answer.push_back(static_cast<std::uint8_t>(i % 2 == 0 ? value >> 8U : value & 0xFFU));
    return true;
  }
};

// HID reports of the bridge (AN495).
enum Report : std::uint8_t {
  gpio_config = 0x02,
  gpio_get = 0x03,
  gpio_set = 0x04,
  version = 0x05,
  smbus_config = 0x06,
  read_request = 0x10,
  write_read_request = 0x11,
  force_send = 0x12,
  read_response = 0x13,
  write_request = 0x14,
  status_request = 0x15,
  status_response = 0x16,
  cancel = 0x17,
};
enum Status : std::uint8_t { idle = 0, complete = 2, error = 3 };

class Bridge {
 public:
  Bridge(Bus& bus, const std::string& log)
      : bus_(bus), fd_(::open("/dev/uhid", O_RDWR | O_CLOEXEC)), log_(std::fopen(log.c_str(), "w")) {
    if (fd_ < 0 || log_ == nullptr) throw std::runtime_error("cp2112_emulator: /dev/uhid or the log cannot be opened");
    std::setvbuf(log_, nullptr, _IOLBF, 0);
    create();
  }
  ~Bridge() {
    ::close(fd_);
    std::fclose(log_);
  }
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  int fd() const { return fd_; }

  void serve() {
    uhid_event event{};
    if (::read(fd_, &event, sizeof event) < 0) throw std::runtime_error("cp2112_emulator: /dev/uhid cannot be read");
    if (event.type == UHID_OUTPUT) output({event.u.output.data, event.u.output.size});
    if (event.type == UHID_GET_REPORT) get_report(event.u.get_report.id, event.u.get_report.rnum);
    if (event.type == UHID_SET_REPORT) set_report(event.u.set_report.id, event.u.set_report.rnum, event.u.set_report.data);
  }

  void control(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    double number = 0;
    words >> verb >> number;
    const Ns until = now() + static_cast<Ns>(number * second);
    if (verb == "nack") bus_.nack_until = until;
    if (verb == "hang") hang_until_ = until;
    if (verb == "reset") {
      for (auto& [address, chip] : bus_.chips) chip->reset(now());
    }
    if (verb == "gpio") {
      int level = 0;
      words >> level;
      const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(number));
      inputs_ = static_cast<std::uint8_t>(level != 0 ? inputs_ | bit : inputs_ & ~bit);
    }
  }

 private:
  void send(const uhid_event& event) const {
    if (::write(fd_, &event, sizeof event) < 0) std::perror("cp2112_emulator: /dev/uhid");
  }

  void create() {
    uhid_event event{};
    event.type = UHID_CREATE2;
    auto& create = event.u.create2;
    std::strcpy(reinterpret_cast<char*>(create.name), "CP2112 in software");
    create.bus = 3;  // USB
    create.vendor = 0x10C4;
    create.product = 0xEA90;
    // Vendor page, application collection, then every report: 63 bytes of 8 bits.
    Bytes descriptor{0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x3F};
    const auto report = [&](std::uint8_t id, std::uint8_t kind) {
      for (const unsigned byte : {0x85U, unsigned{id}, 0x09U, 0x01U, unsigned{kind}, 0x02U})
        descriptor.push_back(static_cast<std::uint8_t>(byte));
    };
    for (const auto id : {read_response, status_response}) report(id, 0x81);
    for (const auto id : {read_request, write_read_request, force_send, write_request, status_request, cancel})
      report(id, 0x91);
    for (const auto id : {gpio_config, gpio_get, gpio_set, version, smbus_config}) report(id, 0xB1);
    descriptor.push_back(0xC0);
    std::copy(descriptor.begin(), descriptor.end(), create.rd_data);
    create.rd_size = static_cast<std::uint16_t>(descriptor.size());
    send(event);
  }

  void input(std::span<const std::uint8_t> bytes) const {
    uhid_event event{};
    event.type = UHID_INPUT2;
    event.u.input2.size = 64;
    std::copy(bytes.begin(), bytes.end(), event.u.input2.data);
    send(event);
  }

  void finish(bool acknowledged) {
    status_ = acknowledged ? complete : error;
    detail_ = acknowledged ? 5 : 0;  // success; address not acknowledged
  }

  void output(std::span<const std::uint8_t> report) {
    if (report.size() < 2 || now() < hang_until_) return;
    const auto word = [&](std::size_t i) { return static_cast<std::size_t>(report[i] << 8U | report[i + 1]); };
    const auto part = [&](std::size_t from, std::size_t length) {
      return report.subspan(std::min(from, report.size()), std::min(length, report.size() - std::min(from, report.size())));
    };
    switch (report[0]) {
      case read_request:
        return finish(bus_.transfer(report[1] >> 1U, {}, word(2), answer_));
      case write_read_request:
        return finish(bus_.transfer(report[1] >> 1U, part(5, report[4]), word(2), answer_));
      case write_request:
        return finish(bus_.transfer(report[1] >> 1U, part(3, report[2]), 0, answer_));
      case force_send: {
        const std::size_t size = std::min({word(1), answer_.size(), std::size_t{61}});
        Bytes response{read_response, status_, static_cast<std::uint8_t>(size)};
        response.insert(response.end(), answer_.begin(), answer_.begin() + static_cast<std::ptrdiff_t>(size));
        answer_.erase(answer_.begin(), answer_.begin() + static_cast<std::ptrdiff_t>(size));
        return input(response);
      }
      case status_request: {
        const auto size = static_cast<std::uint8_t>(answer_.size());
        return input(Bytes{status_response, status_, detail_, 0, 0, 0, size});
      }
      case cancel:
        status_ = idle;
        answer_.clear();
        return;
      default:
        return;
    }
  }

  void get_report(std::uint32_t id, std::uint8_t number) const {
    const auto levels = static_cast<std::uint8_t>((outputs_ & directions_) | (inputs_ & ~directions_));
    Bytes data;
    if (number == gpio_config) data = {gpio_config, directions_, 0xFF, 0, 0};
    if (number == gpio_get) data = {gpio_get, levels};
    if (number == version) data = {version, 0x0C, 0x02};
    // 100 kHz, address 2, no auto-send, no time-outs, no retries.
    if (number == smbus_config) data = {smbus_config, 0, 1, 0x86, 0xA0, 2, 0, 0, 0, 0, 0, 0, 0, 0};
    uhid_event reply{};
    reply.type = UHID_GET_REPORT_REPLY;
    reply.u.get_report_reply.id = id;
    reply.u.get_report_reply.err = data.empty() ? EIO : 0;
    reply.u.get_report_reply.size = static_cast<std::uint16_t>(data.size());
    std::copy(data.begin(), data.end(), reply.u.get_report_reply.data);
    send(reply);
  }

  void set_report(std::uint32_t id, std::uint8_t number, const std::uint8_t* data) {
    if (number == gpio_config) directions_ = data[1];
    if (number == gpio_set) set_outputs(static_cast<std::uint8_t>((outputs_ & ~data[2]) | (data[1] & data[2])));
    uhid_event reply{};
    reply.type = UHID_SET_REPORT_REPLY;
    reply.u.set_report_reply.id = id;
    send(reply);
  }

  void set_outputs(std::uint8_t outputs) {
    for (unsigned pin = 0; pin < 8; ++pin) {
      if (((outputs ^ outputs_) >> pin & 1U) != 0)
        std::fprintf(log_, "%lld %u %u\n", static_cast<long long>(now()), pin, outputs >> pin & 1U);
    }
    outputs_ = outputs;
  }

  Bus& bus_;
  int fd_;
  std::FILE* log_;
  std::uint8_t directions_ = 0, outputs_ = 0, inputs_ = 0;
  std::uint8_t status_ = idle, detail_ = 0;
  Bytes answer_;
  Ns hang_until_ = 0;
};

// Until there is something to serve; false: a conversion ended, or nothing happened.
bool wait(std::array<pollfd, 2>& ready, std::vector<Alert>& alerts) {
  constexpr Ns longest = second / 10;
  const Ns t = now();
  Ns wake = t + longest;
  for (Alert& alert : alerts) {
    alert.follow(t);
    if (!alert.low && alert.chip->ends() != 0) wake = std::min(wake, alert.chip->ends());
  }
  const Ns left = std::max<Ns>(wake - now(), 0);
  const timespec timeout{.tv_sec = 0, .tv_nsec = left};
  return ::ppoll(ready.data(), ready.size(), &timeout, nullptr) > 0;
}

void run(std::span<char*> arguments) {
  if (arguments.size() < 4) throw std::runtime_error("usage: cp2112_emulator WAVEFORM CONTROL LOG CHIP@ADDRESS@SHUNT_OHM...");
  Bus bus;
  std::vector<Alert> alerts;
  for (const char* argument : arguments.subspan(4)) {
    std::istringstream text(argument);
    std::string name, address, shunt, alert;
    std::getline(std::getline(std::getline(std::getline(text, name, '@'), address, '@'), shunt, '@'), alert);
    auto chip = make_chip(name, waveform(arguments[1]), std::stod(shunt));
    chip->reset(now());
    if (!alert.empty()) alerts.push_back({chip.get(), ::open(alert.c_str(), O_WRONLY | O_CLOEXEC)});
    bus.chips[std::stoi(address, nullptr, 0)] = std::move(chip);
  }
  if (::mkfifo(arguments[2], 0600) < 0 && errno != EEXIST) throw std::runtime_error("cp2112_emulator: no FIFO");
  const int fifo = ::open(arguments[2], O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fifo < 0) throw std::runtime_error("cp2112_emulator: the FIFO cannot be opened");
  // Hardware does not wait for its turn.
  const sched_param priority{.sched_priority = 1};
  ::sched_setscheduler(0, SCHED_FIFO, &priority);
  Bridge bridge(bus, arguments[3]);
  for (std::string pending;;) {
    std::array<pollfd, 2> ready{pollfd{bridge.fd(), POLLIN, 0}, pollfd{fifo, POLLIN, 0}};
    if (!wait(ready, alerts)) continue;
    if ((ready[0].revents & POLLIN) != 0) bridge.serve();
    if ((ready[1].revents & POLLIN) == 0) continue;
    std::array<char, 256> text{};
    const ssize_t size = ::read(fifo, text.data(), text.size());
    if (size > 0) pending.append(text.data(), static_cast<std::size_t>(size));
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      bridge.control(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
  }
}

}  // namespace
}  // namespace tbft::kernel_test

int main(int argc, char** argv) {
  try {
    tbft::kernel_test::run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
