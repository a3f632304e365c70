// Image files made by the tests themselves.
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

namespace tbft::test {

// The bytes of a file; the extension says the format, whatever name the file gets.
inline std::string encoded(const std::string& extension, const cv::Mat& bgr) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(extension, bgr, bytes);
  return {bytes.begin(), bytes.end()};
}

// An image of one colour.
inline std::string encoded(const std::string& extension, int width, int height, std::array<int, 3> rgb = {200, 100, 50}) {
  return encoded(extension, cv::Mat(height, width, CV_8UC3, cv::Scalar(rgb[2], rgb[1], rgb[0])));
}

// A CMYK JPEG as Adobe's programs write it (values inverted), 8x8 px of one colour. Pillow made it, and reads it as (51, 143,
// 189).
inline std::string cmyk_jpeg() {
  const std::string hex =
      "ffd8ffee000e41646f626500640000000000ffdb00430001010101010101010101010101010101010101010101010101010101010101010101010101"
      "010101010101010101010101010101010101010101010101010101ffc000140800080008044311004d11005911004b1100ffc4001500010100000000"
      "000000000000000000000a08ffc40014100100000000000000000000000000000000ffda000e0443004d0059004b00003f0036eb609a0d61ffd9";
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

}  // namespace tbft::test
