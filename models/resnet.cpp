#include "models/resnet.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/utils.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "models/fused.h"

namespace tbft::models {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv3x3(int in, int out, int stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

// bn1, ReLU, conv1, bn2, ReLU, conv2, plus the input; where the shape changes the input is average-pooled and gets channels of
// zeros. The ReLUs work in place: BatchNorm keeps its input for the backward pass, never its output.
class BasicBlockImpl : public nn::Module {
 public:
  BasicBlockImpl(int in, int out, int stride)
      : stride_(stride),
        grow_(out - in),
        bn1(register_module("bn1", nn::BatchNorm2d(in))),
        conv1(register_module("conv1", conv3x3(in, out, stride))),
        bn2(register_module("bn2", nn::BatchNorm2d(out))),
        conv2(register_module("conv2", conv3x3(out, out, 1))) {}

  // `moments`: of x where known; then of the result, if `wanted` and the passes are fused.
  torch::Tensor forward(torch::Tensor x, std::optional<Moments>& moments, bool wanted) {
    if (fusable(x) && (conv2->weight.size(0) % x.size(1)) == 0)
      return basic_block(x, {*bn1, *conv1, *bn2, *conv2}, moments, wanted);
    moments.reset();
    const torch::Tensor y = conv2(bn2(conv1(bn1(x).relu_())).relu_());
    if (stride_ != 1) x = torch::avg_pool2d(x, stride_);
    // A pad keeps channels_last; a concatenation with fresh zeros would fall back to contiguous.
    if (grow_ != 0) x = torch::constant_pad_nd(x, {0, 0, 0, 0, 0, grow_});
    return x + y;
  }
  bool uses_batch_statistics() const { return bn1->is_training(); }

 private:
  int stride_;
  int grow_;
  nn::BatchNorm2d bn1;
  nn::Conv2d conv1;
  nn::BatchNorm2d bn2;
  nn::Conv2d conv2;
};
TORCH_MODULE(BasicBlock);

nn::ModuleList make_layer(const ResNetSpec& spec, int layer) {
  nn::ModuleList blocks;
  for (int i = 0; i < spec.blocks_per_layer(); ++i) {
    const int in = spec.channels(i == 0 ? layer - 1 : layer);
    blocks->push_back(BasicBlock(in, spec.channels(layer), i == 0 && layer > 1 ? 2 : 1));
  }
  return blocks;
}

torch::Dtype to_torch(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return torch::kFloat64;
    case DType::float32:
      return torch::kFloat32;
    case DType::float16:
      return torch::kFloat16;
    case DType::bfloat16:
      return torch::kBFloat16;
    case DType::int64:
      return torch::kInt64;
    case DType::int32:
      return torch::kInt32;
    case DType::int16:
      return torch::kInt16;
    case DType::int8:
      return torch::kInt8;
    case DType::uint8:
      return torch::kUInt8;
    case DType::boolean:
      return torch::kBool;
  }
  throw std::logic_error("models: a dtype without torch's name");
}

torch::Tensor forward_layer(nn::ModuleList& layer, torch::Tensor x) {
  std::optional<Moments> moments;
  for (std::size_t i = 0; i < layer->size(); ++i) {
    // The next block's first BatchNorm wants the moments of this one's sum, which cost least while it is made.
    const bool wanted = i + 1 < layer->size() && layer->at<BasicBlockImpl>(i + 1).uses_batch_statistics();
    x = layer->at<BasicBlockImpl>(i).forward(x, moments, wanted);
  }
  return x;
}

torch::Tensor activate(const torch::Tensor& x, nn::BatchNorm2d& bn) {
  return fusable(x) ? batchnorm_relu(x, *bn) : bn(x).relu_();
}

// Parameters and buffers by their full names.
torch::OrderedDict<std::string, torch::Tensor> tensors_by_name(const ResNetImpl& model) {
  torch::OrderedDict<std::string, torch::Tensor> tensors = model.named_parameters();
  tensors.update(model.named_buffers());
  return tensors;
}

}  // namespace

ResNetImpl::ResNetImpl(const ResNetSpec& spec) : spec_(spec) {
  check(spec);
  // The published order of construction and initialisation: the same torch seed gives the same weights as in Python.
  conv1 = register_module("conv1", conv3x3(3, spec.channels(0), 1));
  layer1 = register_module("layer1", make_layer(spec, 1));
  layer2 = register_module("layer2", make_layer(spec, 2));
  layer3 = register_module("layer3", make_layer(spec, 3));
  bn = register_module("bn", nn::BatchNorm2d(spec.channels(3)));
  fc = register_module("fc", nn::Linear(spec.channels(3) * spec.pooled() * spec.pooled(), spec.classes));
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* conv = module->as<nn::Conv2d>()) {
      nn::init::normal_(conv->weight, 0.0, std::sqrt(2.0 / static_cast<double>(9 * conv->weight.size(0))));
    }
  }
}

torch::Tensor ResNetImpl::forward(torch::Tensor x) {
  return forward_from(0, std::move(x));
}

torch::Tensor ResNetImpl::forward_from(int stage, torch::Tensor x) {
  for (; stage < stages; ++stage) x = forward_stage(stage, x);
  return x;
}

torch::Tensor ResNetImpl::forward_stage(int stage, const torch::Tensor& x) {
  switch (stage) {
    case 0:
      if (x.dim() != 4 || x.size(1) != 3 || x.size(2) != spec_.pixels || x.size(3) != spec_.pixels) {
        throw std::invalid_argument(fmt::format("the network takes images [N, 3, {0}, {0}], not [{1}]", spec_.pixels,
                                                fmt::join(x.sizes().vec(), ", ")));
      }
      return forward_layer(layer1, conv1(x));
    case 1:
      return forward_layer(layer2, x);
    case 2:
      return forward_layer(layer3, x);
    case 3:
      return torch::avg_pool2d(activate(x, bn), 8).flatten(1);
    case 4:
      return fc(x);
    default:
      throw std::invalid_argument(fmt::format("stage {}: the network has stages 0 to {}", stage, stages - 1));
  }
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

void load(ResNet& model, const StateDict& state) {
  check(model->spec(), state);
  auto tensors = tensors_by_name(*model);
  for (const NamedTensor& from : state) {
    from_bytes(from, tensors[from.name]);
  }
}

ResNet load_resnet(const std::filesystem::path& checkpoint) {
  return load_resnet(read_checkpoint(checkpoint));
}

ResNet load_resnet(const Checkpoint& checkpoint) {
  try {
    ResNet model(infer_spec(checkpoint.state));
    if (const auto& names = checkpoint.class_names; !names.empty() && std::ssize(names) != model->spec().classes)
      throw CheckpointError(fmt::format("names {} classes, but has {} outputs", names.size(), model->spec().classes));
    load(model, checkpoint.state);
    return model;
  } catch (const CheckpointError& error) {
    throw CheckpointError(fmt::format("{}: {}", checkpoint.name, error.what()));
  }
}

StateDict state_of(const ResNet& model) {
  StateDict state;
  const auto tensors = tensors_by_name(*model);
  for (TensorInfo& info : tensors_of(model->spec())) {
    state.push_back(to_bytes(info.name, tensors[info.name]));
  }
  return state;
}

}  // namespace tbft::models
