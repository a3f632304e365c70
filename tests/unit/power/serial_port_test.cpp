// The serial port on a pty: what it passes on, what it refuses, and how it says so.
#include "power/bus/serial_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <numeric>
#include <thread>

#include "tbft/power/meter.h"
#include "tests/support/pty.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;
using testing::Pty;
using Bytes = std::vector<std::uint8_t>;

std::string why_not(const std::filesystem::path& device, unsigned baud = 9600) {
  try {
    open_serial_port(device, baud);
  } catch (const MeterUnavailable& error) {
    return error.what();
  }
  return "";
}

// A tty passes bytes on in its own time.
Bytes read_until(SerialPort& port, std::size_t n) {
  Bytes all;
  std::array<std::uint8_t, 64> chunk{};
  for (int i = 0; i < 2000 && all.size() < n; ++i) {
    const std::size_t got = port.read(chunk);
    all.insert(all.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
    if (got == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return all;
}

TEST(SerialPort, EveryBytePassesAsItIsInBothDirections) {
  const TemporaryFolder dir;
  const Pty pty(dir / "tty");
  const auto port = open_serial_port(dir / "tty", 9600);
  Bytes all(256);
  std::iota(all.begin(), all.end(), std::uint8_t{0});  // line ends, XON, XOFF, interrupt among them
  pty.deliver(all);
  EXPECT_EQ(read_until(*port, all.size()), all);
  port->write(all);
  Bytes sent;
  for (int i = 0; i < 2000 && sent.size() < all.size(); ++i) {
    const Bytes more = pty.read();
    sent.insert(sent.end(), more.begin(), more.end());
    if (more.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(sent, all);
}

TEST(SerialPort, ReadingWithoutBytesDoesNotWait) {
  const TemporaryFolder dir;
  const Pty pty(dir / "tty");
  const auto port = open_serial_port(dir / "tty", 9600);
  std::array<std::uint8_t, 8> chunk{};
  EXPECT_EQ(port->read(chunk), 0U);
}

TEST(SerialPort, DiscardedInputIsGone) {
  const TemporaryFolder dir;
  const Pty pty(dir / "tty");
  const auto port = open_serial_port(dir / "tty", 9600);
  pty.deliver(Bytes{1, 2, 3});
  port->discard_input();
  pty.deliver(Bytes{4});
  EXPECT_EQ(read_until(*port, 1), Bytes{4});
}

TEST(SerialPort, TheOtherEndClosingIsAnErrorAfterTheLastBytes) {
  const TemporaryFolder dir;
  Pty pty(dir / "tty");
  const auto port = open_serial_port(dir / "tty", 9600);
  pty.unplug();
  EXPECT_THROW(read_until(*port, 1), SerialError);
  EXPECT_THROW(port->write(Bytes{1}), SerialError);
  EXPECT_THROW(port->discard_input(), SerialError);
}

TEST(SerialPort, APortInUseIsNotSharedAndFreeAgainOnceClosed) {
  const TemporaryFolder dir;
  const Pty pty(dir / "tty");
  {
    const auto port = open_serial_port(dir / "tty", 9600);
    EXPECT_THAT(why_not(dir / "tty"), HasSubstr("stop the program that uses it"));
  }
  EXPECT_EQ(why_not(dir / "tty"), "");
}

TEST(SerialPort, WhatCannotBeOpenedIsToldWithTheFix) {
  const TemporaryFolder dir;
  EXPECT_THAT(why_not(dir / "ttyACM0"), HasSubstr("plug the meter in"));
  std::ofstream(dir / "file") << "no tty";
  EXPECT_THAT(why_not(dir / "file"), HasSubstr("is it a serial port?"));
  const Pty pty(dir / "tty");
  EXPECT_THAT(why_not(dir / "tty", 12345), HasSubstr("12345 baud"));
}

TEST(SerialPort, APortWithoutPermissionNamesTheGroup) {
  const TemporaryFolder dir;
  const Pty pty(dir / "tty");
  std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
  std::filesystem::permissions(dir / "tty", std::filesystem::perms::none);
  const bool root = ::geteuid() == 0;  // root may open anything: become nobody for a moment
  ASSERT_TRUE(!root || ::seteuid(65534) == 0);
  const std::string why = why_not(dir / "tty");
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  EXPECT_THAT(why, HasSubstr("group dialout"));
}

}  // namespace
}  // namespace tbft::power
