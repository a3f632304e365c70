#include "harness/data/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>

namespace tbft::data {

std::string sha256_of(std::initializer_list<std::span<const std::uint8_t>> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  std::array<std::uint8_t, 32> digest{};
  bool done = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto part : parts) done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  if (!done || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) throw DataError("SHA-256: OpenSSL failed");
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

namespace {

std::vector<std::uint8_t> bytes_of_labels(const std::vector<std::int64_t>& labels) {
  constexpr std::int64_t largest_byte = 255;
  const int bits = *std::ranges::max_element(labels) > largest_byte ? 32 : 8;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(labels.size() * static_cast<std::size_t>(bits / 8));
  for (const auto label : labels)
    for (int shift = 0; shift < bits; shift += 8) bytes.push_back(static_cast<std::uint8_t>(label >> shift));
  return bytes;
}

}  // namespace

Summary summarize(const Images& images) {
  if (images.labels.empty()) throw DataError("a data set without images has no summary");
  Summary summary;
  summary.images_a_class.assign(images.class_names.size(), 0);
  for (const auto label : images.labels) {
    if (label < 0 || static_cast<std::size_t>(label) >= images.class_names.size()) {
      throw DataError(fmt::format("label {} is not one of {} classes", label, images.class_names.size()));
    }
    ++summary.images_a_class[static_cast<std::size_t>(label)];
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
  summary.sha256 = sha256_of({images.pixels, bytes_of_labels(images.labels)});
  return summary;
}

}  // namespace tbft::data
