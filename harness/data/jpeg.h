// Decodes JPEG images with libjpeg itself. OpenCV uses libjpeg too, but prints its warnings without the name of the file.
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>

namespace tbft::data {

struct DecodedJpeg {
  cv::Mat bgr;  // 8 bits a channel; empty for CMYK, which OpenCV converts
  std::string
      warning;  // libjpeg's first warning: "Corrupt JPEG data: 17 extraneous bytes before marker 0xd9"; empty if there was none
  bool damaged = false;  // data are missing or invalid, so some of the pixels are wrong
};
// Decodes with the settings of OpenCV's decoder, so the pixels are the same. The caller has checked the size, which must be
// that of the first frame, for which libjpeg allocates. Throws std::runtime_error where it is not, and where libjpeg fails.
DecodedJpeg decode_jpeg(std::span<const std::uint8_t> file, std::int64_t height, std::int64_t width);

}  // namespace tbft::data
