// Brings images of different sizes to one size, as torchvision.transforms.Resize and CenterCrop do with images of Pillow.
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>

namespace tbft::data {

inline constexpr std::int64_t max_resized_side = 16'384;

// What is done to each image, in this order. 0 leaves a step out.
struct Framing {
  std::int64_t resize = 0;  // the shorter side becomes `resize` px, the longer one int(resize x longer / shorter)
  std::int64_t crop = 0;    // the middle `crop` x `crop` px; an odd rest is split as Python's round() does, half to even
};

// Throws std::runtime_error where the image is smaller than the crop. 8-bit images of any number of channels.
cv::Mat framed(const cv::Mat& image, const Framing& framing);

// Pillow's Image.resize(size, BILINEAR), value by value: where it shrinks, a triangle over the covered area (antialiased).
// https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
cv::Mat resampled(const cv::Mat& image, cv::Size size);

}  // namespace tbft::data
