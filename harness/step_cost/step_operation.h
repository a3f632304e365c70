// The parts of a training step that are timed separately. No torch in this header.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace tbft {

enum class Operation : std::size_t {
  forward,          // convolutions, linear layers, the products of attention
  input_gradient,   // of these; attention has no other
  weight_gradient,  // of convolutions and linear layers, including bias
  batchnorm_forward,
  batchnorm_backward,
  optimiser,
  elementwise,  // activation, add, pool, pad, softmax, LayerNorm and loss, in both directions
  overhead,     // the rest: calls, autograd's graph, accumulation of gradients
};
inline constexpr std::array<std::string_view, 8> operation_names{
    "forward",   "input-gradient", "weight-gradient", "batchnorm-forward", "batchnorm-backward",
    "optimiser", "elementwise",    "overhead"};

// Seconds by operation; their sum is the time of the step.
struct OperationTimes {
  std::array<double, operation_names.size()> seconds{};
  double& operator[](Operation operation) { return seconds[static_cast<std::size_t>(operation)]; }
};

}  // namespace tbft
