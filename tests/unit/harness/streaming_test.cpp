// A set that is larger than memory: what its loader and a pass over it hold in anonymous memory.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <numeric>
#include <opencv2/core.hpp>
#include <thread>

#include "harness/data/dataset.h"
#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

// proc_pid_status(5): resident anonymous memory in KiB.
long anonymous_KiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stol(line.substr(8));
  return -1;
}

// The largest value while this exists.
class Peak {
 public:
  Peak() = default;
  long stop() {
    running_ = false;
    thread_.join();
    return largest_;
  }

 private:
  std::atomic<bool> running_{true};
  long largest_ = 0;
  std::thread thread_{[this] {
    while (running_) {
      largest_ = std::max(largest_, anonymous_KiB());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }};
};

class Streaming : public testing::Test {
 protected:
  static constexpr int different = 5;

  // Photographs of 224 px: links to a few files.
  Streaming() {
    for (int i = 0; i < different; ++i) {
      cv::Mat noise(224, 224, CV_8UC3);
      cv::RNG(static_cast<std::uint64_t>(i + 1)).fill(noise, cv::RNG::UNIFORM, 0, 256);
      test::write_file(folder_ / ("originals/" + std::to_string(i) + ".jpg"), test::encoded(".jpg", noise));
    }
  }
  // Peak of anonymous memory in KiB while n images are loaded and all of their pixels are read.
  long peak_of(int n) {
    const auto images_at = folder_ / ("set" + std::to_string(n));
    for (const char* name : {"a", "b"}) fs::create_directories(images_at / name);
    for (int i = 0; i < n; ++i)
      fs::create_hard_link(folder_ / ("originals/" + std::to_string(i % different) + ".jpg"),
                           images_at / (i % 2 == 0 ? "a" : "b") / (std::to_string(100'000 + i) + ".jpg"));
    Peak peak;
    const auto images =
        load_dataset(parse_dataset_spec("imagefolder:" + images_at.string() + "?cache=" + (folder_ / "cache").string()));
    std::uint64_t sum = 0;
    for (std::int64_t i = 0; i < images.size(); ++i) sum = std::accumulate(images.image(i).begin(), images.image(i).end(), sum);
    const long most = peak.stop();
    EXPECT_EQ(images.size(), n);
    EXPECT_TRUE(images.pixels.is_mapped());
    EXPECT_GT(sum, 0U);
    RecordProperty("peak_KiB_of_" + std::to_string(n), std::to_string(most));
    fs::remove_all(folder_ / "cache");
    return most;
  }

  TemporaryFolder folder_;
};

constexpr long MiB = 1024;

TEST_F(Streaming, FiveThousandImagesTakeNoMoreAnonymousMemoryThanAThousand) {
  const long of_1000 = peak_of(1000), of_5000 = peak_of(5000);
  EXPECT_LT(of_5000, 256 * MiB) << "750 MB of pixels";
  EXPECT_NEAR(static_cast<double>(of_5000), static_cast<double>(of_1000), 16 * MiB);
}

// 7.5 GB of disk and minutes: `ctest --test-dir build/dev -L large`.
TEST_F(Streaming, DISABLED_FiftyThousandImagesTakeNoMoreAnonymousMemoryThanAThousand) {
  const long of_1000 = peak_of(1000), of_50000 = peak_of(50'000);
  EXPECT_LT(of_50000, 1024 * MiB);
  EXPECT_NEAR(static_cast<double>(of_50000), static_cast<double>(of_1000), 64 * MiB) << "7.5 GB of pixels";
}

}  // namespace
}  // namespace tbft::data
