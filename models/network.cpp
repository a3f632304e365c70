#include "models/network.h"

#include <fmt/format.h>
#include <torch/utils.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "models/families/modules.h"
#include "models/read_model.h"
#include "models/script/script.h"

namespace tbft::models {
namespace {

torch::Dtype to_torch(DType dtype) {
  constexpr std::array types{torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kInt64,
                             torch::kInt32,   torch::kInt16,   torch::kInt8,    torch::kUInt8,    torch::kBool};
  return types.at(static_cast<std::size_t>(dtype));
}

// Parameters and buffers by their full names.
torch::OrderedDict<std::string, torch::Tensor> tensors_by_name(const Network& network) {
  torch::OrderedDict<std::string, torch::Tensor> tensors = network.named_parameters();
  tensors.update(network.named_buffers());
  return tensors;
}

NetworkPtr make_module(Architecture architecture) {
#define TBFT_MAKE(NAME) \
  if (family::NAME().name == architecture.spec.family) return family::NAME##_module(std::move(architecture));
  TBFT_FOR_EACH_FAMILY(TBFT_MAKE)
#undef TBFT_MAKE
  throw std::logic_error(fmt::format("models: the family {} has no module", architecture.spec.family));
}

}  // namespace

torch::Tensor Network::forward(torch::Tensor x) {
  return forward_from(0, std::move(x));
}

torch::Tensor Network::forward_from(int stage, torch::Tensor x) {
  for (; stage < std::ssize(architecture_.stages); ++stage) x = forward_stage(stage, x);
  return x;
}

torch::Tensor Network::forward_stage(int stage, const torch::Tensor& x) {
  const std::int64_t pixels = architecture_.spec.pixels;
  if (stage < 0 || stage >= std::ssize(architecture_.stages))
    throw std::invalid_argument(
        fmt::format("stage {}: the network has stages 0 to {}", stage, architecture_.stages.size() - 1));
  if (stage == 0 && (x.dim() != 4 || x.size(1) != 3 || x.size(2) != pixels || x.size(3) != pixels))
    throw std::invalid_argument(
        fmt::format("the network takes images [N, 3, {0}, {0}], not [{1}]", pixels, fmt::join(x.sizes().vec(), ", ")));
  return run_stage(stage, x);
}

NetworkPtr make_network(const NetworkSpec& spec) {
  return make_module(describe(spec));
}

NamedTensor to_bytes(std::string name, const torch::Tensor& tensor) {
  const DType dtype = tensor.scalar_type() == torch::kLong ? DType::int64 : DType::float32;
  const torch::Tensor source = tensor.detach().to(torch::kCPU, to_torch(dtype)).contiguous();
  NamedTensor bytes{.name = std::move(name), .dtype = dtype, .shape = source.sizes().vec(), .bytes = {}};
  bytes.bytes.resize(source.nbytes());
  std::memcpy(bytes.bytes.data(), source.data_ptr(), bytes.bytes.size());
  return bytes;
}

void from_bytes(const NamedTensor& from, torch::Tensor& to) {
  torch::Tensor source = torch::empty(from.shape, to_torch(from.dtype));
  if (source.nbytes() != from.bytes.size() || source.sizes() != to.sizes())
    throw CheckpointError(fmt::format("{}: {} bytes of shape [{}] do not fill [{}]", from.name, from.bytes.size(),
                                      fmt::join(from.shape, ", "), fmt::join(to.sizes().vec(), ", ")));
  std::memcpy(source.data_ptr(), from.bytes.data(), from.bytes.size());
  const torch::NoGradGuard no_grad;
  to.copy_(source);
}

void load(Network& network, const StateDict& state) {
  check(network.architecture(), state);
  auto tensors = tensors_by_name(network);
  for (const NamedTensor& from : state) from_bytes(from, tensors[from.name]);
}

NetworkPtr load_network(const std::filesystem::path& checkpoint) {
  return open_network({.path = checkpoint}).network;
}

OpenedNetwork open_network(const NetworkFile& file) {
  if (file.network == torchscript_network) return open_script(file);
  Checkpoint checkpoint = read_model(file.path, file.key);
  try {
    NetworkPtr network = make_module(recognise(checkpoint.state, file));
    const int classes = network->architecture().spec.classes;
    if (const auto& names = checkpoint.class_names; !names.empty() && std::ssize(names) != classes)
      throw CheckpointError(fmt::format("names {} classes, but has {} outputs", names.size(), classes));
    load(*network, checkpoint.state);
    return {std::move(network), std::move(checkpoint.class_names), std::move(checkpoint.note)};
  } catch (const CheckpointError& error) {
    throw CheckpointError(fmt::format("{}: {}", checkpoint.name, error.what()));
  }
}

StateDict state_of(const Network& network) {
  StateDict state;
  const auto tensors = tensors_by_name(network);
  for (const TensorInfo& info : network.architecture().tensors) state.push_back(to_bytes(info.name, tensors[info.name]));
  return state;
}

}  // namespace tbft::models
