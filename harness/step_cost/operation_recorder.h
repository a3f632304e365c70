// Times operations and autograd nodes of this thread while it lives, by libtorch's own hooks. No torch in this header.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tbft {

// Seconds spent in the outermost operations; the backward pass of a convolution or of fc is one call for both gradients.
struct RecordedTimes {
  double forward = 0, convolution_backward = 0, fc_backward = 0, batchnorm_forward = 0, batchnorm_backward = 0, elementwise = 0;
};

// Which of them an operation belongs to by its name ("aten::conv2d", "autograd::engine::evaluate_function:
// ConvolutionBackward0"). Null: to none (gradients that are added up in their parameters).
double RecordedTimes::*recorded_as(std::string_view name);

class OperationRecorder {
 public:
  OperationRecorder();
  ~OperationRecorder();
  OperationRecorder(const OperationRecorder&) = delete;
  OperationRecorder& operator=(const OperationRecorder&) = delete;
  const RecordedTimes& times() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft
