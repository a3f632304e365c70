#include "models/convolver.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace tbft::models {

namespace {

using dnnl::memory;
using Layout = memory::format_tag;
constexpr auto float32 = memory::data_type::f32;

// oneDNN's engine of the processor has no state of its own.
const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::primitive_attr attributes(const AfterConvolution& after) {
  dnnl::post_ops operations;
  if (after.adds) operations.append_sum(1.0F);
  // A ReLU of slope 0 for negative values would make NaN 0, and a network that diverged would look sound. What this slope
  // leaves of a finite value is less than a rounding.
  constexpr float slope = 1e-30F;
#if DNNL_VERSION_MAJOR >= 3
  if (after.relu) operations.append_eltwise(dnnl::algorithm::eltwise_relu, slope, 0.0F);
#else
  if (after.relu) operations.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, slope, 0.0F);
#endif
  dnnl::primitive_attr result;
  result.set_post_ops(operations);
  return result;
}

struct Descriptions {
  memory::desc from, weight, bias, to;
};

dnnl::convolution_forward::primitive_desc describe(const Convolution& shape, const Descriptions& maps,
                                                   const AfterConvolution& after) {
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  constexpr auto algorithm = dnnl::algorithm::convolution_direct;
  const memory::dims stride{shape.stride, shape.stride}, padding{shape.padding, shape.padding};
#if DNNL_VERSION_MAJOR >= 3
  return {processor(), kind,   algorithm, maps.from, maps.weight,      maps.bias,
          maps.to,     stride, padding,   padding,   attributes(after)};
#else
  const dnnl::convolution_forward::desc convolution(kind, algorithm, maps.from, maps.weight, maps.bias, maps.to, stride,
                                                    padding, padding);
  return {convolution, attributes(after), processor()};
#endif
}

// With a dimension of groups in front if there are several.
memory::desc weight_description(const Convolution& shape, Layout one_group, Layout grouped) {
  memory::dims sizes{shape.out, shape.in / shape.groups, shape.kernel, shape.kernel};
  if (shape.groups == 1) return {sizes, float32, one_group};
  sizes.front() /= shape.groups;
  sizes.insert(sizes.begin(), shape.groups);
  return {sizes, float32, grouped};
}

std::vector<float> scaled(const Convolution& shape, const ConvolutionWeight& weight) {
  const std::int64_t a_channel =
      shape.in / shape.groups * shape.kernel * shape.kernel;  // output channels come first in any order
  std::vector<float> result(static_cast<std::size_t>(shape.out * a_channel));
  for (std::int64_t channel = 0, at = 0; channel < shape.out; ++channel, at += a_channel) {
    const float scale = weight.scale == nullptr ? 1.0F : weight.scale[channel];
    std::transform(weight.values + at, weight.values + at + a_channel, result.data() + at,
                   [scale](float v) { return v * scale; });
  }
  return result;
}

}  // namespace

struct Convolver::Impl {
  dnnl::convolution_forward primitive;
  Descriptions maps;
  memory weight, bias;
  std::vector<float> bias_values;
};

Convolver::Convolver(std::int64_t images, const Convolution& shape, const ConvolutionWeight& weight,
                     const AfterConvolution& after)
    : impl_(std::make_unique<Impl>()) {
  auto& maps = impl_->maps;
  maps.from = {{images, shape.in, shape.side, shape.side}, float32, Layout::nhwc};
  maps.to = {{images, shape.out, shape.out_side(), shape.out_side()}, float32, Layout::nhwc};
  maps.weight = weight_description(shape, Layout::any, Layout::any);
  if (weight.bias != nullptr) maps.bias = {{shape.out}, float32, Layout::a};
  const auto chosen = describe(shape, maps, after);
  impl_->primitive = dnnl::convolution_forward(chosen);

  auto values = scaled(shape, weight);
  const auto given = weight.channels_last ? weight_description(shape, Layout::ohwi, Layout::gohwi)
                                          : weight_description(shape, Layout::oihw, Layout::goihw);
  memory from(given, processor(), values.data());
  impl_->weight = memory(chosen.weights_desc(), processor());
  dnnl::stream stream(processor());
  dnnl::reorder(from, impl_->weight).execute(stream, from, impl_->weight);
  stream.wait();
  if (weight.bias == nullptr) return;
  impl_->bias_values.assign(weight.bias, weight.bias + shape.out);
  impl_->bias = memory(maps.bias, processor(), impl_->bias_values.data());
}

Convolver::Convolver(Convolver&&) noexcept = default;
Convolver& Convolver::operator=(Convolver&&) noexcept = default;
Convolver::~Convolver() = default;

void Convolver::run(const float* from, float* to) const {
  // oneDNN's interface has no memory of constants.
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC,
       memory(impl_->maps.from, processor(), const_cast<float*>(from))},  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      {DNNL_ARG_WEIGHTS, impl_->weight},
      {DNNL_ARG_DST, memory(impl_->maps.to, processor(), to)}};
  if (!impl_->bias_values.empty()) arguments.emplace(DNNL_ARG_BIAS, impl_->bias);
  dnnl::stream stream(processor());
  impl_->primitive.execute(stream, arguments);
  stream.wait();
}

}  // namespace tbft::models
