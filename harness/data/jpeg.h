// JPEG images by libjpeg itself, the library behind OpenCV's decoder, which prints its warnings without the file's name.
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>

namespace tbft::data {

struct DecodedJpeg {
  cv::Mat bgr;           // 8 bits a channel; empty for CMYK, which OpenCV converts
  std::string warning;   // the first of libjpeg's: "Corrupt JPEG data: 17 extraneous bytes before marker 0xd9"; empty: none
  bool damaged = false;  // data are missing or impossible, so that pixels are wrong from somewhere on
};
// The settings of OpenCV's decoder, and so its pixels. The caller has checked the size. Throws std::runtime_error where libjpeg
// gives up.
DecodedJpeg decode_jpeg(std::span<const std::uint8_t> file);

}  // namespace tbft::data
