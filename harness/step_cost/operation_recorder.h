// Times the operations and autograd nodes of this thread during its lifetime, by libtorch's hooks. No torch in this header.
#pragma once

#include <memory>
#include <string_view>

namespace tbft {

// Seconds spent in the outermost operations. The backward pass of a convolution or of a matrix product (linear layers,
// attention) computes both gradients in one call.
struct RecordedTimes {
  double forward = 0, convolution_backward = 0, products_backward = 0, batchnorm_forward = 0, batchnorm_backward = 0,
         elementwise = 0;
};

// The member to which an operation's time belongs, by its name ("aten::conv2d", "autograd::engine::evaluate_function:
// ConvolutionBackward0"). Null for operations that belong to none, such as those that accumulate gradients.
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
