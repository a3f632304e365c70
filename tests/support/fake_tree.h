// A fake /sys, /dev and /proc for tests.
#pragma once

#include <sys/fsuid.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tbft/power/detect.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power::testing {

class FakeTree {
 public:
  FakeTree() {
    for (const char* root : {"sys", "dev", "proc"}) std::filesystem::create_directories(dir_ / root);
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    roots.sys = dir_ / "sys";
    roots.dev = dir_ / "dev";
    roots.proc = dir_ / "proc";
    roots.nvml = (dir_ / "no-such-library.so").string();
    roots.firmware = nullptr;
  }
  // Overwrites the file in place, so that an open attribute shows the new text.
  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((dir_ / path).parent_path());
    std::ofstream(dir_ / path) << text;
  }
  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories((dir_ / path).parent_path());
    std::filesystem::create_symlink(dir_ / target, dir_ / path);
  }
  void forbid(const std::string& path) const { std::filesystem::permissions(dir_ / path, std::filesystem::perms::none); }
  void remove(const std::string& path) const { std::filesystem::remove_all(dir_ / path); }
  std::filesystem::path operator/(const std::string& path) const { return dir_ / path; }

  // A hwmon sensor on I2C: SYS/class/hwmon/hwmonN with its device.
  std::string hwmon(int number, const std::string& name, const std::string& address) const {
    const std::string device = "sys/devices/platform/i2c-1/" + address;
    const std::string dir = device + "/hwmon/hwmon" + std::to_string(number);
    put(dir + "/name", name + "\n");
    link("sys/class/hwmon/hwmon" + std::to_string(number), dir);
    link(dir + "/device", device);
    return dir + "/";
  }

  Roots roots;

 private:
  test::TemporaryFolder dir_;
};

// Accesses files as a user without rights, even if the tests run as root (setfsuid(2); this thread only).
class WithoutRights {
 public:
  WithoutRights() { ::setfsuid(::geteuid() == 0 ? 65534 : ::geteuid()); }
  ~WithoutRights() { ::setfsuid(::geteuid()); }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;
};

}  // namespace tbft::power::testing
