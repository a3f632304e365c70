#include "harness/training/observe.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/record_function.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "harness/training/batches.h"
#include "harness/training/memory_model.h"
#include "harness/training/network.h"

namespace tbft::adaptive {
namespace {

// The fused passes (models/fused.h) accept only channels_last maps and hide the BatchNorms from the callback.
constexpr const char* layout = "contiguous";

// libtorch's C++ modules have no hooks, but a callback can see every operation with its inputs. The running mean passed to a
// batch_norm identifies its layer. The callback is a plain function, so its state lies in the thread's debug info, in the slot
// meant for tests, which is free.
constexpr auto slot = c10::DebugInfoKind::TEST_INFO;

struct Watched : c10::DebugInfoBase {
  std::map<const void*, LayerMoments*> layer_of;  // the key is the data pointer of running_mean
};

void append(std::vector<float>& to, const at::Tensor& from) {
  const at::Tensor values = from.to(at::kFloat).contiguous();
  const auto* begin = values.data_ptr<float>();
  to.insert(to.end(), begin, begin + values.numel());
}

// Appends the mean and the mean square of each channel of each image. They are summed in double, because a variance is the
// difference of two similar numbers, but without a copy of the maps in double, which would need more memory than the network.
void append_moments(LayerMoments& to, const at::Tensor& input) {
  const at::Tensor maps = input.to(at::kFloat).contiguous();
  const auto pixels = maps.size(2) * maps.size(3);
  const auto* value = maps.data_ptr<float>();
  for (std::int64_t map = 0; map < maps.size(0) * maps.size(1); ++map) {
    constexpr std::int64_t lanes = 8;  // sums that do not wait for each other
    std::array<double, lanes> sum{}, squares{};
    for (std::int64_t i = 0; i < pixels; ++i, ++value) {
      const auto lane = static_cast<std::size_t>(i % lanes);
      const double x = *value;
      sum[lane] += x;
      squares[lane] += x * x;
    }
    const auto mean = [&](const std::array<double, lanes>& of) {
      return static_cast<float>(std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(pixels));
    };
    to.mean.push_back(mean(sum));
    to.mean_square.push_back(mean(squares));
  }
}

std::unique_ptr<at::ObserverContext> on_operation(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::batch_norm") return nullptr;
  auto* watched = static_cast<Watched*>(c10::ThreadLocalDebugInfo::get(slot));
  // batch_norm(input, weight, bias, running_mean, running_var, ...). The arguments are the end of an interpreter's stack.
  const auto all = function.inputs();
  if (watched == nullptr || all.size() < function.num_inputs()) return nullptr;
  const auto inputs = all.slice(all.size() - function.num_inputs());
  if (inputs.size() < 5 || !inputs[0].isTensor() || !inputs[3].isTensor()) return nullptr;
  const auto found = watched->layer_of.find(inputs[3].toTensor().data_ptr());
  if (found == watched->layer_of.end()) return nullptr;
  append_moments(*found->second, inputs[0].toTensor());
  return nullptr;
}

class Watch {
 public:
  explicit Watch(const std::shared_ptr<Watched>& watched)
      : guard_(slot, watched),
        handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(on_operation).needsInputs(true))) {}
  ~Watch() { at::removeCallback(handle_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  c10::DebugInfoGuard guard_;
  at::CallbackHandle handle_;
};

}  // namespace

Observation observe(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                    const std::function<void(std::int64_t)>& progress) {
  Observation seen{.classes = net.architecture().spec.classes, .logits = {}, .labels = {}, .layers = {}};
  for (const auto i : indices) {
    const auto label = images.labels.at(static_cast<std::size_t>(i));
    if (label < 0 || label >= seen.classes)
      throw std::invalid_argument(fmt::format("label {} is outside of the network's {} classes", label, seen.classes));
    seen.labels.push_back(label);
  }
  set_layout(net, layout);  // before inference mode, whose tensors cannot be trained
  const torch::InferenceMode inference;
  net.eval();
  std::vector<std::pair<const void*, LayerMoments>> found;
  const auto& network = net.architecture();
  if (!network.has(models::Layer::Kind::batchnorm))
    throw std::invalid_argument(fmt::format(
        "{} has no BatchNorm: a diagnosis compares the statistics of its inputs with those of the source", network.title));
  const auto blocks = seen.blocks = network.blocks();
  const auto buffers = net.named_buffers();
  for (const auto& described : network.layers) {
    if (described.kind != models::Layer::Kind::batchnorm) continue;
    const auto* running_mean = buffers.find(described.name + ".running_mean");
    const auto* running_var = buffers.find(described.name + ".running_var");
    if (running_mean == nullptr || running_var == nullptr)
      throw std::invalid_argument(fmt::format("{}: the BatchNorm {} has no running statistics", network.title, described.name));
    LayerMoments moments{.name = described.name, .channels = running_mean->numel(), .on_trunk = described.on_trunk};
    const auto block = std::ranges::find(blocks, network.block_of(described.name));
    if (block != blocks.end()) moments.block = static_cast<int>(block - blocks.begin());
    append(moments.running_mean, *running_mean);
    append(moments.running_var, *running_var);
    found.emplace_back(running_mean->data_ptr(), std::move(moments));
  }
  const auto watched = std::make_shared<Watched>();
  for (auto& [key, moments] : found) watched->layer_of[key] = &moments;
  const std::size_t batch = diagnosis_batch(network);
  for (std::size_t begin = 0; begin < indices.size(); begin += batch) {
    const auto [x, y] = make_batch(images, slice(indices, begin, batch), network.normalisation, layout);
    const Watch watch(watched);
    append(seen.logits, net.forward(x));
    if (progress) progress(static_cast<std::int64_t>(std::min(begin + batch, indices.size())));
  }
  for (auto& [key, moments] : found) {
    if (moments.mean.size() != indices.size() * static_cast<std::size_t>(moments.channels))
      throw std::logic_error(fmt::format("{}: its input was not observed exactly once for each image", moments.name));
    seen.layers.push_back(std::move(moments));
  }
  return seen;
}

}  // namespace tbft::adaptive
