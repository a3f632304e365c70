// Stores values of many samples in memory, or in a mapped temporary file if there are too many. Does not use torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace tbft::models {

enum class StoredAs { float32, bfloat16 };

struct StoreLimit {
  std::int64_t memory_bytes = std::int64_t{1} << 30;  // larger stores go to a file
  std::filesystem::path folder = {};                  // folder of that unnamed file; empty: the temporary folder
};

class SampleStore {
 public:
  // Throws std::runtime_error with the size and the place if there is not enough memory or disk space. bfloat16 halves the
  // bytes and keeps 8 bits of each value's precision.
  SampleStore(std::int64_t samples, std::int64_t values_a_sample, StoredAs type, const StoreLimit& limit);
  ~SampleStore();
  SampleStore(const SampleStore&) = delete;
  SampleStore& operator=(const SampleStore&) = delete;

  void put(std::int64_t sample, const float* values);
  void get(std::int64_t sample, float* values) const;

  std::int64_t samples() const { return samples_; }
  std::int64_t values_a_sample() const { return values_; }
  std::int64_t bytes() const { return static_cast<std::int64_t>(bytes_); }
  bool in_file() const { return in_file_; }

 private:
  std::byte* at(std::int64_t sample) const;

  std::int64_t samples_, values_;
  StoredAs type_;
  std::size_t bytes_;
  bool in_file_;
  void* memory_ = nullptr;
};

}  // namespace tbft::models
