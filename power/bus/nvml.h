// The NVIDIA Management Library, loaded at run time, so that building does not need it. The only code that opens it.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace tbft::power {

// `code` is NVML's return value (nvmlReturn_t); negative if the library could not be loaded.
struct NvmlError : std::runtime_error {
  NvmlError(int code_, const std::string& what) : std::runtime_error(what), code(code_) {}
  int code;
};
inline constexpr int nvml_no_library = -1;
inline constexpr int nvml_not_supported = 3;   // NVML_ERROR_NOT_SUPPORTED
inline constexpr int nvml_no_permission = 4;   // NVML_ERROR_NO_PERMISSION
inline constexpr int nvml_driver_missing = 9;  // NVML_ERROR_DRIVER_NOT_LOADED

// The initialised library; the destructor shuts it down and unloads it.
class Nvml : public std::enable_shared_from_this<Nvml> {
 public:
  // `library`: a name for dlopen(3). Throws NvmlError.
  static std::shared_ptr<Nvml> load(const std::string& library);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  unsigned device_count() const;  // throws NvmlError

 private:
  friend class NvmlDevice;
  struct Functions;
  Nvml(void* handle, std::unique_ptr<Functions> functions);
  std::string why(int code) const;

  void* handle_;
  std::unique_ptr<Functions> functions_;
};

class NvmlDevice {
 public:
  // Throw NvmlError.
  NvmlDevice(std::shared_ptr<Nvml> nvml, unsigned index);
  // Opens a GPU by UUID. The UUID of an instance (MIG-...) opens its whole GPU, because NVML has no power value for an
  // instance.
  NvmlDevice(std::shared_ptr<Nvml> nvml, const std::string& uuid);

  std::string name() const;  // empty if unknown
  std::string uuid() const;
  // Ten times the CUDA compute capability, such as 86; 0 if unknown.
  int compute_capability() const;
  // The card's default power limit; 0 if unknown.
  unsigned default_limit_mW() const;

  // Both return NVML's code, 0 for success, and allocate nothing.
  int energy_mJ(std::uint64_t& value) const;  // nvmlDeviceGetTotalEnergyConsumption, since the driver was loaded
  int power_mW(std::uint64_t& value) const;   // nvmlDeviceGetPowerUsage

  std::string why(int code) const { return nvml_->why(code); }

 private:
  std::shared_ptr<Nvml> nvml_;
  void* device_ = nullptr;
};

}  // namespace tbft::power
