// Convolutions without a gradient by oneDNN, the library that libtorch calls for them, but directly: so ReLU and the residual
// sum become part of a convolution, and its output goes to the caller's memory. libtorch 1.13 has operators for neither. Does
// not use torch.
#pragma once

#include <cstdint>
#include <memory>

#include "models/architecture.h"

namespace tbft::models {

// What happens to the sums of a convolution before they are stored.
struct AfterConvolution {
  bool adds = false;  // they are added to the values that are already in the output
  bool relu = false;  // after that; NaN stays
};

// The weight of a convolution, [out, in / groups, kernel, kernel] float32, in the order of channels_last (the channels of a
// pixel stand together) or in that of the dimensions.
struct ConvolutionWeight {
  const float* values = nullptr;
  bool channels_last = false;
  const float* scale = nullptr;  // of each output channel, multiplies its values; null: 1
  const float* bias = nullptr;   // of each output channel; null: none
};

class Convolver {
 public:
  // A convolution of `images` square channels_last maps. Copies the weight. Throws dnnl::error (a std::exception) if oneDNN
  // cannot.
  Convolver(std::int64_t images, const Convolution& shape, const ConvolutionWeight& weight, const AfterConvolution& after);
  Convolver(Convolver&&) noexcept;
  Convolver& operator=(Convolver&&) noexcept;
  ~Convolver();

  // from: [images, side, side, in] float32; to: [images, out_side, out_side, out]. They do not overlap. Runs on the threads of
  // OpenMP, as libtorch's operators.
  void run(const float* from, float* to) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::models
