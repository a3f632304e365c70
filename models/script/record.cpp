#include "models/script/record.h"

#include <ATen/record_function.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace tbft::models {
namespace {

enum class Role { convolution, transposed, product, attention, batchnorm, norm, keeps_input, keeps_output, pooling };

// An operation of torch: the places of its input and of its weight, or of the second factor, among its arguments.
struct Operation {
  std::string_view name;
  Role role;
  std::size_t input = 0, weight = 1;
};

constexpr std::size_t running_mean = 3;  // of batch_norm
constexpr std::array operations{Operation{"aten::conv1d", Role::convolution},
                                Operation{"aten::conv2d", Role::convolution},
                                Operation{"aten::conv3d", Role::convolution},
                                Operation{"aten::convolution", Role::convolution},
                                Operation{"aten::_convolution", Role::convolution},
                                Operation{"aten::conv_transpose1d", Role::transposed},
                                Operation{"aten::conv_transpose2d", Role::transposed},
                                Operation{"aten::linear", Role::product},
                                Operation{"aten::matmul", Role::product},
                                Operation{"aten::mm", Role::product},
                                Operation{"aten::bmm", Role::product},
                                Operation{"aten::addmm", Role::product, 1, 2},
                                Operation{"aten::baddbmm", Role::product, 1, 2},
                                Operation{"aten::scaled_dot_product_attention", Role::attention},
                                Operation{"aten::_scaled_dot_product_attention", Role::attention},
                                Operation{"aten::batch_norm", Role::batchnorm},
                                Operation{"aten::instance_norm", Role::norm},
                                Operation{"aten::layer_norm", Role::norm, 0, 2},
                                Operation{"aten::group_norm", Role::norm, 0, 2},
                                Operation{"aten::rms_norm", Role::norm, 0, 2},
                                Operation{"aten::relu", Role::keeps_output},
                                Operation{"aten::relu_", Role::keeps_output},
                                Operation{"aten::sigmoid", Role::keeps_output},
                                Operation{"aten::tanh", Role::keeps_output},
                                Operation{"aten::softmax", Role::keeps_output},
                                Operation{"aten::relu6", Role::keeps_input},
                                Operation{"aten::relu6_", Role::keeps_input},
                                Operation{"aten::hardtanh", Role::keeps_input},
                                Operation{"aten::hardtanh_", Role::keeps_input},
                                Operation{"aten::leaky_relu", Role::keeps_input},
                                Operation{"aten::elu", Role::keeps_input},
                                Operation{"aten::gelu", Role::keeps_input},
                                Operation{"aten::silu", Role::keeps_input},
                                Operation{"aten::hardswish", Role::keeps_input},
                                Operation{"aten::hardsigmoid", Role::keeps_input},
                                Operation{"aten::mish", Role::keeps_input},
                                Operation{"aten::max_pool2d", Role::pooling},
                                Operation{"aten::adaptive_max_pool2d", Role::pooling}};

// The callback is a plain function, so its state lies in the thread's debug info, in the slot meant for tests, which is free.
constexpr auto slot = c10::DebugInfoKind::TEST_INFO;

bool same_values(const at::Tensor& a, const at::Tensor& b) {
  return a.is_same(b) || (a.numel() == b.numel() && a.numel() > 0 && a.data_ptr() == b.data_ptr());
}

// Values of each channel of one image.
std::int64_t positions(const at::Tensor& map) {
  return map.dim() < 3 ? 1 : map.numel() / map.size(0) / map.size(1);
}

// An operation between its beginning and its end.
struct Call : at::ObserverContext {
  const Operation* operation = nullptr;
  at::Tensor input, weight, statistics;
  Convolution convolution;  // if it is one over a square map, the same in both directions
};

// conv2d(input, weight, bias, stride, padding, dilation, groups)
Convolution square(const Call& call, c10::ArrayRef<const c10::IValue> arguments) {
  if (call.operation->name != "aten::conv2d" || !arguments[3].isIntList() || !arguments[4].isIntList() ||
      !arguments[5].isIntList() || call.input.dim() != 4)
    return {};
  const auto stride = arguments[3].toIntVector();
  const auto padding = arguments[4].toIntVector();
  const auto dilation = arguments[5].toIntVector();
  const auto groups = arguments[6].toInt();
  const auto all = [](const std::vector<std::int64_t>& values, std::int64_t value) {
    return std::ranges::all_of(values, [&](std::int64_t one) { return one == value; });
  };
  if (call.weight.size(2) != call.weight.size(3) || call.input.size(2) != call.input.size(3) || !all(dilation, 1) ||
      !all(stride, stride.front()) || !all(padding, padding.front()))
    return {};
  return {.in = call.input.size(1),
          .out = call.weight.size(0),
          .kernel = call.weight.size(2),
          .stride = stride.front(),
          .side = call.input.size(2),
          .padding = padding.front(),
          .groups = groups,
          .bias = arguments[2].isTensor()};
}

struct Record : c10::DebugInfoBase {
  explicit Record(const std::map<std::string, at::Tensor>& tensors) {
    for (const auto& [name, tensor] : tensors)
      if (tensor.numel() > 0) names_[static_cast<const char*>(tensor.data_ptr())] = {name, tensor.nbytes()};
  }

  void finish(const Call& call, const at::Tensor& output);
  void add_kept();

  std::vector<Layer> layers;
  std::string bare_statistics;  // of a BatchNorm that is no module of its own
  int stage = 0;
  bool inside = false;  // an operation that counts; those that it is made of do not

 private:
  struct Name {
    std::string name;
    std::size_t bytes = 0;
  };
  struct Kept {
    std::size_t layer;
    at::Tensor values;
  };

  std::string name_of(const at::Tensor& tensor) const;
  void add(Layer layer, const at::Tensor& input, const std::string& weight, const std::string& module = {});
  void add_product(const Call& call, const at::Tensor& output);
  void add_attention(std::int64_t macs, std::int64_t values);
  void keep(const at::Tensor& values);

  std::map<const char*, Name> names_;  // by where the values lie
  // They are held, so that no address is used twice.
  std::vector<std::pair<at::Tensor, std::string>> inputs_;
  std::vector<Kept> kept_;
};

// The parameter or buffer whose values these are, or a part of them; empty: none.
std::string Record::name_of(const at::Tensor& tensor) const {
  if (!tensor.defined() || tensor.numel() == 0) return {};
  const auto* place = static_cast<const char*>(tensor.data_ptr());
  const auto after = names_.upper_bound(place);
  if (after == names_.begin()) return {};
  const auto& [begin, found] = *std::prev(after);
  return place < begin + found.bytes ? found.name : std::string();
}

// Named after `module`, or where none is given after its weight.
void Record::add(Layer layer, const at::Tensor& input, const std::string& weight, const std::string& module) {
  constexpr std::string_view usual = ".weight";
  layer.stage = stage;
  layer.name = weight;
  if (weight.size() > usual.size() && weight.ends_with(usual)) layer.name.resize(weight.size() - usual.size());
  if (!module.empty()) layer.name = module;
  if (!layer.without_weight && weight != layer.name + std::string(usual)) layer.weight = weight;
  layer.input_values = input.numel();
  const auto earlier = std::ranges::find_if(inputs_, [&](const auto& known) { return same_values(known.first, input); });
  if (earlier != inputs_.end()) {
    layer.input_values = 0;
    layer.input_of = earlier->second;
  } else {
    inputs_.emplace_back(input, layer.name);
  }
  layers.push_back(std::move(layer));
}

// Named after the module before it, such as blocks.0.attn after blocks.0.attn.qkv.
void Record::add_attention(std::int64_t macs, std::int64_t values) {
  std::string name = layers.empty() ? std::string() : layers.back().name;
  if (layers.empty() || layers.back().kind != Layer::Kind::attention) name = name.substr(0, name.rfind('.'));
  layers.push_back({.name = name, .kind = Layer::Kind::attention, .stage = stage, .macs = macs, .input_values = values});
}

void Record::add_product(const Call& call, const at::Tensor& output) {
  const std::int64_t macs = output.numel() * call.input.size(-1);
  if (const auto second = name_of(call.weight); !second.empty())
    add({.kind = Layer::Kind::linear, .macs = macs}, call.input, second);
  else if (const auto first = name_of(call.input); !first.empty())
    add({.kind = Layer::Kind::linear, .macs = macs}, call.weight, first);
  else
    add_attention(macs, call.input.numel() + call.weight.numel());
}

void Record::keep(const at::Tensor& values) {
  if (!layers.empty()) kept_.push_back({layers.size() - 1, values});
}

void Record::finish(const Call& call, const at::Tensor& output) {
  switch (call.operation->role) {
    case Role::convolution:
    case Role::transposed: {
      const auto& counted = call.operation->role == Role::convolution ? output : call.input;
      const std::string weight = name_of(call.weight);
      const std::int64_t macs = positions(counted) * call.weight.numel();
      if (weight.empty())
        add_attention(macs, call.input.numel() + call.weight.numel());  // a computed weight
      else
        add({.kind = Layer::Kind::convolution, .macs = macs, .convolution = call.convolution}, call.input, weight);
      return;
    }
    case Role::product:
      return add_product(call, output);
    case Role::attention: {  // weight: the keys [..., S, E]
      const std::int64_t weights = call.input.numel() / call.input.size(-1) * call.weight.size(-2);
      return add_attention(2 * weights * call.input.size(-1), 3 * call.input.numel() + weights);
    }
    case Role::batchnorm:
    case Role::norm: {
      Layer layer{.kind = call.operation->role == Role::batchnorm ? Layer::Kind::batchnorm : Layer::Kind::layernorm};
      std::string weight = name_of(call.weight);
      // Its mode is that of the module with the running statistics, whatever the weight is called.
      const std::string statistics = name_of(call.statistics);
      const auto dot = statistics.rfind('.');
      const std::string module = dot == std::string::npos ? "" : statistics.substr(0, dot);
      if (module.empty() && !statistics.empty()) bare_statistics = statistics;
      if (weight.empty()) {
        layer.without_weight = true;
        weight = module;
        if (weight.empty()) return keep(call.input);  // it has no tensor by which to name it
      }
      return add(std::move(layer), call.input, weight, module);
    }
    case Role::keeps_input:
      return keep(call.input);
    case Role::keeps_output:
      return keep(output);
    case Role::pooling:  // its input, and the place of each maximum as an int64
      if (!layers.empty()) layers.back().kept_output_values += 2 * output.numel();
      return keep(call.input);
  }
}

// Adds what activations keep, unless it is counted as the input of a layer.
void Record::add_kept() {
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const at::Tensor& values = kept_[i].values;
    const bool is_input = std::ranges::any_of(inputs_, [&](const auto& input) { return same_values(input.first, values); });
    const bool is_earlier = std::any_of(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(i),
                                        [&](const Kept& kept) { return same_values(kept.values, values); });
    if (!is_input && !is_earlier) layers[kept_[i].layer].kept_output_values += values.numel();
  }
}

Record* current() {
  return static_cast<Record*>(c10::ThreadLocalDebugInfo::get(slot));
}

std::unique_ptr<at::ObserverContext> on_begin(const at::RecordFunction& function) {
  Record* record = current();
  if (record == nullptr || record->inside) return nullptr;
  const auto found = std::ranges::find(operations, std::string_view(function.name()), &Operation::name);
  const auto all = function.inputs();
  const std::size_t count = function.num_inputs();
  if (found == operations.end() || all.size() < count) return nullptr;
  const auto tensor = [&](std::size_t place) {
    // The arguments are the end of the interpreter's stack.
    const auto& value = all[all.size() - count + place];
    return place < count && value.isTensor() ? value.toTensor() : at::Tensor();
  };
  auto call = std::make_unique<Call>();
  call->operation = &*found;
  call->input = tensor(found->input);
  if (found->role < Role::keeps_input) call->weight = tensor(found->weight);
  if (found->role == Role::batchnorm) call->statistics = tensor(running_mean);
  if (!call->input.defined() || (found->role < Role::batchnorm && !call->weight.defined())) return nullptr;
  if (found->role == Role::convolution) call->convolution = square(*call, all.slice(all.size() - count));
  record->inside = true;
  return call;
}

void on_end(const at::RecordFunction& function, at::ObserverContext* context) {
  Record* record = current();
  if (record == nullptr || context == nullptr) return;
  record->inside = false;
  const auto& all = function.outputs();
  const std::size_t count = function.num_outputs();
  if (all.empty() || count == 0 || all.size() < count || !all[all.size() - count].isTensor()) return;
  record->finish(*static_cast<Call*>(context), all[all.size() - count].toTensor());
}

class Recording {
 public:
  explicit Recording(const std::shared_ptr<Record>& record)
      : guard_(slot, record),
        handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(on_begin, on_end)
                                               .needsInputs(true)
                                               .needsOutputs(true)
                                               .scopes({at::RecordScope::FUNCTION}))) {}
  ~Recording() { at::removeCallback(handle_); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  c10::DebugInfoGuard guard_;
  at::CallbackHandle handle_;
};

}  // namespace

std::vector<Layer> record_layers(const std::map<std::string, at::Tensor>& tensors, int stages,
                                 const std::function<void(int stage)>& run) {
  const auto record = std::make_shared<Record>(tensors);
  const Recording recording(record);
  for (record->stage = 0; record->stage < stages; ++record->stage) run(record->stage);
  // A callback may not throw.
  if (!record->bare_statistics.empty())
    throw std::runtime_error(
        fmt::format("{} belongs to a BatchNorm that is no module of its own, so that its mode cannot be set by block; put it "
                    "into one, such as nn.BatchNorm2d",
                    record->bare_statistics));
  record->add_kept();
  return std::move(record->layers);
}

}  // namespace tbft::models
