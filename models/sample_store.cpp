#include "models/sample_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace tbft::models {

namespace {

std::size_t size_of(StoredAs type) {
  return type == StoredAs::float32 ? sizeof(float) : sizeof(std::uint16_t);
}

// Rounds to nearest, ties to even; NaN stays NaN.
std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

float from_bfloat16(std::uint16_t value) {
  return std::bit_cast<float>(std::uint32_t{value} << 16U);
}

[[noreturn]] void fail(std::size_t bytes, const std::string& where, int error) {
  throw std::runtime_error(
      fmt::format("cannot keep {} MiB of activations in {}: {}; train.cache = bf16 halves them, off keeps none", bytes >> 20U,
                  where, std::strerror(error)));
}

// $TMPDIR is read only by a store that needs it, because a wrong value must not prevent training in memory.
std::filesystem::path temporary_folder(std::size_t bytes) {
  std::error_code error;
  auto folder = std::filesystem::temp_directory_path(error);
  if (!error) return folder;
  const char* const named = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): no code sets it
  fail(bytes, named != nullptr ? fmt::format("TMPDIR={}", named) : "/tmp", error.value());
}

// A mapped file without a name, so that its space is freed when it is unmapped or the process ends. Its blocks are allocated
// here, because a full disk would later cause a SIGBUS.
void* map_file(std::size_t bytes, const std::filesystem::path& folder) {
  std::string name = (folder / "tbft-cache-XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) fail(bytes, folder.string(), errno);
  unlink(name.c_str());
  int error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* memory = error == 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  if (error == 0 && memory == MAP_FAILED) error = errno;
  close(file);
  if (error != 0) fail(bytes, folder.string(), error);
  return memory;
}

}  // namespace

SampleStore::SampleStore(std::int64_t samples, std::int64_t values_a_sample, StoredAs type, const StoreLimit& limit)
    : samples_(samples),
      values_(values_a_sample),
      type_(type),
      bytes_(static_cast<std::size_t>(samples * values_a_sample) * size_of(type)),
      in_file_(static_cast<std::int64_t>(bytes_) > limit.memory_bytes) {
  if (samples <= 0 || values_a_sample <= 0) throw std::invalid_argument("a store of activations needs samples and values");
  if (in_file_) {
    memory_ = map_file(bytes_, limit.folder.empty() ? temporary_folder(bytes_) : limit.folder);
    return;
  }
  memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_ == MAP_FAILED) fail(bytes_, "memory", errno);
}

SampleStore::~SampleStore() {
  munmap(memory_, bytes_);
}

std::byte* SampleStore::at(std::int64_t sample) const {
  if (sample < 0 || sample >= samples_) throw std::out_of_range(fmt::format("sample {} of a store of {}", sample, samples_));
  return static_cast<std::byte*>(memory_) + static_cast<std::size_t>(sample * values_) * size_of(type_);
}

void SampleStore::put(std::int64_t sample, const float* values) {
  std::byte* to = at(sample);
  if (type_ == StoredAs::float32) {
    std::memcpy(to, values, static_cast<std::size_t>(values_) * sizeof(float));
    return;
  }
  for (std::int64_t i = 0; i < values_; ++i, to += sizeof(std::uint16_t)) {
    const std::uint16_t stored = to_bfloat16(values[i]);
    std::memcpy(to, &stored, sizeof(stored));
  }
}

void SampleStore::get(std::int64_t sample, float* values) const {
  const std::byte* from = at(sample);
  if (type_ == StoredAs::float32) {
    std::memcpy(values, from, static_cast<std::size_t>(values_) * sizeof(float));
    return;
  }
  for (std::int64_t i = 0; i < values_; ++i, from += sizeof(std::uint16_t)) {
    std::uint16_t stored = 0;
    std::memcpy(&stored, from, sizeof(stored));
    values[i] = from_bfloat16(stored);
  }
}

}  // namespace tbft::models
