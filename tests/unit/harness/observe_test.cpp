// The evidence of the C++ forward pass against Python PyTorch, over a fresh network and drawn images.
// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include "harness/training/observe.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/adaptive/layer_model.h"
#include "harness/data/rng.h"
#include "harness/training/memory_model.h"
#include "models/network.h"
#include "tests/support/temporary_folder.h"

namespace tbft::adaptive {
namespace {

data::Images drawn_images(std::int64_t n) {
  data::Images images{.height = 32, .width = 32, .pixels = {}, .labels = {}, .class_names = {}};
  data::Rng rng(1);
  for (std::int64_t i = 0; i < n * images.bytes_per_image(); ++i)
    images.pixels.owned().push_back(static_cast<std::uint8_t>(rng.below(256)));
  for (std::int64_t i = 0; i < n; ++i) images.labels.push_back(i % 4);
  return images;
}

TEST(Observe, EvidenceIsThatOfPythonPytorch) {
  const test::TemporaryFolder folder;
  const auto base = (folder.path() / "base.pth").string();
  const auto images = drawn_images(130);  // more than one batch
  std::ofstream(folder.path() / "images.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(images.pixels.data()), static_cast<std::streamsize>(images.pixels.size()));
  const std::string out = (folder.path() / "seen.json").string();
  const std::string command = std::string("/usr/bin/python3 " TBFT_SOURCE_DIR "/tests/unit/harness/observe_oracle.py ") + base +
                              " " + (folder.path() / "images.bin").string() + " " + out;
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto oracle = nlohmann::json::parse(std::ifstream(out));

  std::vector<std::int64_t> all(130);
  std::iota(all.begin(), all.end(), 0);
  const auto net = models::load_network(base);
  std::vector<std::int64_t> done;
  const auto seen = observe(*net, images, all, [&](std::int64_t n) { done.push_back(n); });
  EXPECT_EQ(done.front(), static_cast<std::int64_t>(diagnosis_batch(net->architecture())));
  EXPECT_EQ(done.back(), 130);
  const auto near = [](const std::vector<float>& values, const nlohmann::json& expected) {
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_NEAR(values[i], expected[i].get<float>(), 1e-4 * (1 + std::abs(expected[i].get<float>()))) << i;
  };
  near(seen.logits, oracle.at("logits"));
  EXPECT_EQ(seen.labels, images.labels);
  ASSERT_EQ(seen.layers.size(), oracle.at("layers").size());
  for (std::size_t l = 0; l < seen.layers.size(); ++l) {
    const auto& expected = oracle.at("layers")[l];
    EXPECT_EQ(seen.layers[l].name, expected.at("name").get<std::string>());
    near(seen.layers[l].mean, expected.at("mean"));
    near(seen.layers[l].mean_square, expected.at("mean_square"));
    near(seen.layers[l].running_var, expected.at("running_var"));
    EXPECT_NEAR(divergence(seen.layers[l], all), expected.at("divergence").get<double>(),
                1e-3 * expected.at("divergence").get<double>() + 1e-6);
  }
  // What is seen of an image does not depend on those beside it.
  const auto last = observe(*net, images, std::vector<std::int64_t>{129});
  for (std::size_t l = 0; l < seen.layers.size(); ++l) {
    const auto& moments = seen.layers[l];
    const auto channels = static_cast<std::size_t>(moments.channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const float expected = moments.mean_square[129 * channels + c];
      ASSERT_NEAR(last.layers[l].mean_square[c], expected, 1e-5F * (1 + expected)) << moments.name;
    }
  }
  // A second look sees the same: nothing was changed.
  EXPECT_EQ(observe(*net, images, all).logits, seen.logits);

  auto odd = images;
  odd.labels[3] = 4;
  EXPECT_THROW(observe(*net, odd, all), std::invalid_argument);
  EXPECT_THROW(observe(*net, images, all, [](std::int64_t) { throw std::runtime_error("stop"); }), std::runtime_error);
}

}  // namespace
}  // namespace tbft::adaptive
