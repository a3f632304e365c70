// Tensors that Python wrote, for libtorch. Includes torch.
#pragma once

#include <torch/utils.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <string>

#include "models/checkpoint/state_dict.h"

namespace tbft::models::testing {

// A file of tensors by name.
inline std::map<std::string, torch::Tensor> read_tensors(const std::filesystem::path& path) {
  std::map<std::string, torch::Tensor> tensors;
  for (const NamedTensor& from : read_state_dict(path)) {
    const std::map<DType, torch::Dtype> types{
        {DType::float32, torch::kFloat32}, {DType::float64, torch::kFloat64}, {DType::int64, torch::kInt64}};
    const torch::Tensor tensor = torch::empty(from.shape, types.at(from.dtype));
    std::memcpy(tensor.data_ptr(), from.bytes.data(), from.bytes.size());
    tensors.emplace(from.name, tensor);
  }
  return tensors;
}

// Infinite if the shapes differ.
inline double distance(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return (a - b).abs().max().item<double>();
}

}  // namespace tbft::models::testing
