#include "power/bus/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <utility>

namespace tbft::power {

// The part of NVML's C interface that is used. nvmlReturn_t is an enum (int), nvmlDevice_t an opaque pointer.
struct Nvml::Functions {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*by_index)(unsigned, void**) = nullptr;
  int (*by_uuid)(const char*, void**) = nullptr;
  int (*name)(void*, char*, unsigned) = nullptr;
  int (*uuid)(void*, char*, unsigned) = nullptr;
  int (*energy)(void*, unsigned long long*) = nullptr;
  int (*power)(void*, unsigned*) = nullptr;
  int (*capability)(void*, int*, int*) = nullptr;
  int (*default_limit)(void*, unsigned*) = nullptr;
  int (*card_of_instance)(void*, void**) = nullptr;
  const char* (*error)(int) = nullptr;
};

namespace {

constexpr int function_missing = 13;  // NVML_ERROR_FUNCTION_NOT_FOUND

// Sets `function` to the symbol; false if the library has none.
template <typename Function>
bool find(void* handle, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, symbol));
  return function != nullptr;
}

std::string text_of(int (*get)(void*, char*, unsigned), void* device) {
  std::array<char, 96> text{};  // NVML_DEVICE_NAME_V2_BUFFER_SIZE and NVML_DEVICE_UUID_V2_BUFFER_SIZE
  if (get == nullptr || get(device, text.data(), text.size() - 1) != 0) return "";
  return text.data();
}

}  // namespace

std::shared_ptr<Nvml> Nvml::load(const std::string& library) {
  void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = ::dlerror();
    throw NvmlError(nvml_no_library, reason != nullptr ? reason : library + ": cannot be loaded");
  }
  auto f = std::make_unique<Functions>();
  const bool complete =
      find(handle, "nvmlInit_v2", f->init) && find(handle, "nvmlShutdown", f->shutdown) &&
      find(handle, "nvmlDeviceGetCount_v2", f->count) && find(handle, "nvmlDeviceGetHandleByIndex_v2", f->by_index) &&
      find(handle, "nvmlDeviceGetHandleByUUID", f->by_uuid) && find(handle, "nvmlDeviceGetPowerUsage", f->power);
  if (!complete) {
    ::dlclose(handle);
    throw NvmlError(nvml_no_library, fmt::format("{}: not NVML, or a very old one", library));
  }
  find(handle, "nvmlDeviceGetTotalEnergyConsumption", f->energy);  // older libraries lack this function
  find(handle, "nvmlDeviceGetName", f->name);
  find(handle, "nvmlDeviceGetUUID", f->uuid);
  find(handle, "nvmlErrorString", f->error);
  find(handle, "nvmlDeviceGetCudaComputeCapability", f->capability);
  find(handle, "nvmlDeviceGetPowerManagementDefaultLimit", f->default_limit);
  find(handle, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", f->card_of_instance);
  const int code = f->init();
  if (code != 0) {
    const std::string text = f->error != nullptr ? f->error(code) : "";
    ::dlclose(handle);
    throw NvmlError(code, fmt::format("{}: nvmlInit: {} (code {})", library, text, code));
  }
  return std::shared_ptr<Nvml>(new Nvml(handle, std::move(f)));
}

Nvml::Nvml(void* handle, std::unique_ptr<Functions> functions) : handle_(handle), functions_(std::move(functions)) {}

Nvml::~Nvml() {
  functions_->shutdown();
  ::dlclose(handle_);
}

unsigned Nvml::device_count() const {
  unsigned count = 0;
  if (const int code = functions_->count(&count); code != 0) throw NvmlError(code, "nvmlDeviceGetCount: " + why(code));
  return count;
}

std::string Nvml::why(int code) const {
  const char* const text = functions_->error != nullptr ? functions_->error(code) : nullptr;
  return fmt::format("{} (code {})", text != nullptr ? text : "error", code);
}

NvmlDevice::NvmlDevice(std::shared_ptr<Nvml> nvml, unsigned index) : nvml_(std::move(nvml)) {
  const int code = nvml_->functions_->by_index(index, &device_);
  if (code != 0) throw NvmlError(code, fmt::format("GPU {}: {}", index, why(code)));
}

NvmlDevice::NvmlDevice(std::shared_ptr<Nvml> nvml, const std::string& uuid) : nvml_(std::move(nvml)) {
  const auto& functions = *nvml_->functions_;
  int code = functions.by_uuid(uuid.c_str(), &device_);
  if (code == 0 && uuid.starts_with("MIG-")) {
    void* const instance = device_;
    code = functions.card_of_instance == nullptr ? function_missing : functions.card_of_instance(instance, &device_);
  }
  if (code != 0) throw NvmlError(code, fmt::format("GPU {}: {}", uuid, why(code)));
}

std::string NvmlDevice::name() const {
  return text_of(nvml_->functions_->name, device_);
}
std::string NvmlDevice::uuid() const {
  return text_of(nvml_->functions_->uuid, device_);
}

int NvmlDevice::compute_capability() const {
  const auto get = nvml_->functions_->capability;
  int major = 0;
  int minor = 0;
  return get != nullptr && get(device_, &major, &minor) == 0 ? 10 * major + minor : 0;
}
unsigned NvmlDevice::default_limit_mW() const {
  const auto get = nvml_->functions_->default_limit;
  unsigned mW = 0;
  return get != nullptr && get(device_, &mW) == 0 ? mW : 0;
}

int NvmlDevice::energy_mJ(std::uint64_t& value) const {
  if (nvml_->functions_->energy == nullptr) return function_missing;
  unsigned long long mJ = 0;
  const int code = nvml_->functions_->energy(device_, &mJ);
  value = mJ;
  return code;
}

int NvmlDevice::power_mW(std::uint64_t& value) const {
  unsigned mW = 0;
  const int code = nvml_->functions_->power(device_, &mW);
  value = mW;
  return code;
}

}  // namespace tbft::power
