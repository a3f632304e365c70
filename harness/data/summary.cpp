#include "harness/data/summary.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cmath>
#include <memory>
#include <span>

namespace tbft::data {
namespace {

class Sha256 {
 public:
  Sha256() { check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }
  void update(std::span<const std::uint8_t> bytes) { check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }
  std::string hex() {
    std::array<std::uint8_t, 32> digest{};
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    std::string text;
    for (const auto byte : digest) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  static void check(bool done) {
    if (!done) throw DataError("SHA-256: OpenSSL failed");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace

Summary summarize(const Images& images) {
  if (images.labels.empty()) throw DataError("a data set without images has no summary");
  Summary summary;
  summary.images_a_class.assign(images.class_names.size(), 0);
  std::vector<std::uint8_t> labels;
  for (const auto label : images.labels) {
    if (label < 0 || static_cast<std::size_t>(label) >= images.class_names.size() || label > 255) {
      throw DataError(fmt::format("label {} is not one of {} classes", label, images.class_names.size()));
    }
    ++summary.images_a_class[static_cast<std::size_t>(label)];
    labels.push_back(static_cast<std::uint8_t>(label));
  }
  std::array<std::uint64_t, 3> sum{}, squares{};  // exact: 2^64 holds the squares of 2^48 values
  for (std::size_t i = 0; i < images.pixels.size(); ++i) {
    const std::uint64_t value = images.pixels[i];
    sum[i % 3] += value;
    squares[i % 3] += value * value;
  }
  const auto count = static_cast<double>(images.size() * images.height * images.width);
  for (std::size_t c = 0; c < 3; ++c) {
    summary.mean[c] = static_cast<double>(sum[c]) / count;
    summary.deviation[c] =
        std::sqrt(std::max(0.0, static_cast<double>(squares[c]) / count - summary.mean[c] * summary.mean[c]));
  }
  Sha256 sha256;
  sha256.update(images.pixels);
  sha256.update(labels);
  summary.sha256 = sha256.hex();
  return summary;
}

}  // namespace tbft::data
