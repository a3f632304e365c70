#include "models/forward_only.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "models/maps.h"

namespace tbft::models {

using torch::Tensor;
namespace nn = torch::nn;

namespace {

Tensor new_map(const Tensor& like, std::int64_t images, std::int64_t channels, std::int64_t side) {
  return at::empty({images, channels, side, side}, like.options().memory_format(channels_last));
}

// A convolution for as many images as a part has; the last part may have fewer.
class PartConvolution {
 public:
  // `fold`: of the BatchNorm behind it, which becomes part of it; null: none.
  PartConvolution(const nn::Conv2dImpl& conv, const Convolution& shape, const AfterConvolution& after,
                  const BatchNormValues* fold = nullptr)
      : weight_(conv.weight.is_contiguous(channels_last) ? conv.weight : conv.weight.contiguous()),
        shape_(shape),
        after_(after),
        fold_(fold) {}

  void run(const Tensor& from, Tensor& to) {
    RECORD_FUNCTION("tbft::convolution", std::vector<c10::IValue>{});
    if (!convolver_ || images_ != from.size(0)) {
      images_ = from.size(0);
      convolver_.emplace(images_, shape_,
                         ConvolutionWeight{.values = weight_.data_ptr<float>(),
                                           .channels_last = weight_.is_contiguous(channels_last),
                                           .scale = fold_ == nullptr ? nullptr : fold_->scale(),
                                           .bias = fold_ == nullptr ? nullptr : fold_->shift()},
                         after_);
    }
    convolver_->run(from.data_ptr<float>(), to.data_ptr<float>());
  }

 private:
  Tensor weight_;
  Convolution shape_;
  AfterConvolution after_;
  const BatchNormValues* fold_;
  std::optional<Convolver> convolver_;
  std::int64_t images_ = 0;
};

Convolution shape_of(const nn::Conv2dImpl& conv, std::int64_t side) {
  return {.in = conv.weight.size(1),
          .out = conv.weight.size(0),
          .kernel = conv.weight.size(2),
          .stride = conv.options.stride()->at(0),
          .side = side,
          .padding = 1};
}

// As many images as let a part's map stay in the second-level cache of the threads that share the part.
std::int64_t images_of_a_part(std::int64_t images, std::int64_t values_an_image) {
  constexpr std::int64_t values_a_thread = 64 << 10;  // 256 KiB; half and double are as fast
  return std::clamp(at::get_num_threads() * values_a_thread / values_an_image, std::int64_t{1}, images);
}

void place_shortcut(Tensor& to, const Tensor& x) {
  if (to.sizes() == x.sizes()) {
    to.copy_(x);
    return;
  }
  std::optional<Moments> none;
  add_shortcut(to.zero_(), x, none, false);
}

BatchNormValues recorded_values(const Tensor& x, nn::BatchNorm2dImpl& bn, const Moments* known) {
  RECORD_FUNCTION("tbft::batch_norm_relu", std::vector<c10::IValue>{});
  return batchnorm_values(x, bn, known);
}

void normalise_part(const Tensor& x, const BatchNormValues& by, Tensor& out) {
  RECORD_FUNCTION("tbft::batch_norm_relu", std::vector<c10::IValue>{});
  normalise_relu(x, by, out);
}

}  // namespace

bool needs_gradient(std::initializer_list<const Tensor*> tensors) {
  return at::GradMode::is_enabled() &&
         std::any_of(tensors.begin(), tensors.end(), [](const Tensor* t) { return t->requires_grad(); });
}

bool uses_onednn() {
  return at::globalContext().userEnabledMkldnn() && at::globalContext().hasMKLDNN();
}

Tensor basic_block_in_parts(const Tensor& x, const BlockParts& parts, std::optional<Moments>& moments, bool wanted) {
  const Convolution first = shape_of(parts.conv1, x.size(2));
  const Convolution second = shape_of(parts.conv2, first.out_side());
  const std::int64_t images = x.size(0);
  const std::int64_t step =
      images_of_a_part(images, std::max(first.in * first.side * first.side, second.out * second.side * second.side));
  Tensor out = new_map(x, images, second.out, second.side);
  const Tensor buffer1 = new_map(x, step, first.in, first.side);
  const Tensor buffer2 = new_map(x, step, second.in, second.side);
  const auto for_parts = [&](const auto& work) {
    for (std::int64_t begin = 0; begin < images; begin += step) {
      const std::int64_t n = std::min(step, images - begin);
      work(x.narrow(0, begin, n), buffer1.narrow(0, 0, n), buffer2.narrow(0, 0, n), out.narrow(0, begin, n));
    }
  };
  PartConvolution conv2(parts.conv2, second, {.adds = true});
  const auto second_half = [&](const Tensor& x_part, const Tensor& activated, Tensor& to) {
    {
      RECORD_FUNCTION("tbft::residual", std::vector<c10::IValue>{});
      place_shortcut(to, x_part);
    }
    conv2.run(activated, to);
  };

  const auto norm1 = recorded_values(x, parts.bn1, moments ? &*moments : nullptr);
  if (!parts.bn2.is_training()) {
    const auto norm2 = recorded_values(out, parts.bn2, nullptr);
    PartConvolution conv1(parts.conv1, first, {.relu = true}, &norm2);
    for_parts([&](const Tensor& x_part, Tensor activated1, Tensor activated2, Tensor to) {
      normalise_part(x_part, norm1, activated1);
      conv1.run(activated1, activated2);
      second_half(x_part, activated2, to);
    });
  } else {
    PartConvolution conv1(parts.conv1, first, {});
    for_parts([&](const Tensor& x_part, Tensor activated1, const Tensor&, Tensor middle) {
      normalise_part(x_part, norm1, activated1);
      conv1.run(activated1, middle);
    });
    const auto norm2 = recorded_values(out, parts.bn2, nullptr);
    for_parts([&](const Tensor& x_part, const Tensor&, Tensor activated2, Tensor to) {
      normalise_part(to, norm2, activated2);
      second_half(x_part, activated2, to);
    });
  }
  moments.reset();
  if (wanted) {
    RECORD_FUNCTION("tbft::residual", std::vector<c10::IValue>{});
    moments = models::moments(out);
  }
  return out;
}

bool foldable(const Tensor& x, const nn::Conv2dImpl& conv, const nn::BatchNorm2dImpl& bn) {
  return !bn.is_training() && bn.running_mean.defined() && uses_onednn() && x.dim() == 4 && x.scalar_type() == at::kFloat &&
         x.device().is_cpu() && x.numel() > 0 && x.size(2) == x.size(3) && x.is_contiguous(channels_last) &&
         !conv.bias.defined() && !needs_gradient({&x, &conv.weight, &bn.weight, &bn.bias});
}

Tensor folded(const Tensor& x, const nn::Conv2dImpl& conv, nn::BatchNorm2dImpl& bn, const Convolution& shape, bool relu,
              Tensor onto) {
  Convolution here = shape;
  here.side = x.size(2);
  const torch::NoGradGuard guard;
  const bool adds = onto.defined();
  if (!adds) onto = new_map(x, x.size(0), here.out, here.out_side());
  const auto fold = batchnorm_values(onto, bn, nullptr);
  PartConvolution(conv, here, {.adds = adds, .relu = relu}, &fold).run(x, onto);
  return onto;
}

}  // namespace tbft::models
