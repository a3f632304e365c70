// A shared library with NVML's names, for tests. Its GPUs come from the environment variable FAKE_NVML, read at every call:
// "init=CODE count=N energy=mJ energy_code=CODE power=mW power_code=CODE".
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

long long setting(const char* key, long long otherwise) {
  const char* const all = std::getenv("FAKE_NVML");
  if (all == nullptr) return otherwise;
  const std::string text = " " + std::string(all);
  const std::string name = " " + std::string(key) + "=";
  const auto at = text.find(name);
  return at == std::string::npos ? otherwise : std::atoll(text.c_str() + at + name.size());
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  return static_cast<int>(setting("init", 0));
}
int nvmlShutdown() {
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(setting("count", 1));
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static char anything;
  *device = &anything;
  return index < static_cast<unsigned>(setting("count", 1)) ? 0 : 2;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  nvmlDeviceGetHandleByIndex_v2(0, device);
  static char instance;
  if (std::strncmp(uuid, "MIG-", 4) == 0) *device = &instance;
  return std::strcmp(uuid, "GPU-1234") == 0 || std::strncmp(uuid, "MIG-5678", 8) == 0 ? 0 : 6;
}
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void* /*instance*/, void** device) {
  return nvmlDeviceGetHandleByIndex_v2(0, device);
}
int nvmlDeviceGetCudaComputeCapability(void* /*device*/, int* major, int* minor) {
  const auto ten_times = static_cast<int>(setting("cc", 0));
  *major = ten_times / 10;
  *minor = ten_times % 10;
  return ten_times == 0 ? 3 : 0;
}
int nvmlDeviceGetPowerManagementDefaultLimit(void* /*device*/, unsigned* limit) {
  *limit = static_cast<unsigned>(setting("limit", 0));
  return *limit == 0 ? 3 : 0;
}
int nvmlDeviceGetName(void* /*device*/, char* name, unsigned length) {
  std::strncpy(name, "Fake GPU", length);
  return 0;
}
int nvmlDeviceGetUUID(void* /*device*/, char* uuid, unsigned length) {
  std::strncpy(uuid, "GPU-1234", length);
  return 0;
}
// An instance of a card has neither.
bool is_card(void* device) {
  void* card = nullptr;
  nvmlDeviceGetHandleByIndex_v2(0, &card);
  return device == card;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* energy) {
  if (!is_card(device)) return 3;
  *energy = static_cast<unsigned long long>(setting("energy", 0));
  return static_cast<int>(setting("energy_code", 0));
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* power) {
  if (!is_card(device)) return 3;
  *power = static_cast<unsigned>(setting("power", 0));
  return static_cast<int>(setting("power_code", 0));
}
const char* nvmlErrorString(int code) {
  return code == 9 ? "Driver Not Loaded" : "Some Error";
}

}  // extern "C"
