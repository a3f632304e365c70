// Sends text commands to the Raspberry Pi's firmware, as vcgencmd(1) does. The only code that opens /dev/vcio.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tbft::power {

enum class FirmwareFault { missing, no_permission, refused, io };

struct FirmwareError : std::runtime_error {
  FirmwareError(FirmwareFault fault_, const std::string& what) : std::runtime_error(what), fault(fault_) {}
  FirmwareFault fault;
};

// The mailbox property interface: one ioctl with the tag GET_GENCMD_RESULT.
class Firmware {
 public:
  // Opens DEV/vcio, or DEV/vcio_gencmd if the kernel has this device, which allows commands only. Throws FirmwareError with the
  // fix.
  explicit Firmware(const std::filesystem::path& dev = "/dev");
  ~Firmware();
  Firmware(Firmware&& other) noexcept;
  Firmware& operator=(Firmware&&) = delete;

  // The answer's text, at most 1 KiB, e.g. "throttled=0x0". Throws FirmwareError: io, or refused ("Command not registered").
  std::string ask(std::string_view command);

 private:
  std::string path_;
  int fd_ = -1;
};

// Throws FirmwareError (refused) where the answer is of the form error=1 error_msg="...".
void refuse_error_answer(std::string_view command, std::string_view answer);

}  // namespace tbft::power
