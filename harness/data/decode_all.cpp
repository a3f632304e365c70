#include "harness/data/decode_all.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "harness/data/image_file.h"

namespace tbft::data {
namespace {

// Each thread holds one decoded image, so this limit and that of an image's sides bound the memory.
constexpr std::size_t max_threads = 8;

}  // namespace

std::vector<char> decode_all(std::span<const std::filesystem::path> files, std::size_t image_bytes, std::uint8_t* to,
                             const std::function<cv::Mat(const std::filesystem::path&)>& read) {
  std::vector<char> has_image(files.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::size_t first_failure = files.size();
  std::exception_ptr error;
  // A thread that fails stops the others after their files. All earlier files are already assigned and will be finished.
  const auto work = [&] {
    while (!failed) {
      const auto i = next++;
      if (i >= files.size()) return;
      try {
        const cv::Mat bgr = read(files[i]);
        has_image[i] = bgr.empty() ? 0 : 1;
        if (!bgr.empty()) store_rgb(bgr, to + i * image_bytes);
      } catch (...) {
        failed = true;
        const std::scoped_lock lock(mutex);
        if (i < first_failure) {
          first_failure = i;
          error = std::current_exception();
        }
      }
    }
  };
  {
    const QuietOpenCv quiet;
    const auto threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, max_threads);
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < threads; ++i) workers.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
  return has_image;
}

}  // namespace tbft::data
