#include "models/script/script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/utils.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "models/checkpoint/printable.h"
#include "models/script/blocks.h"
#include "models/script/record.h"
#include "models/script/script_network.h"
#include "models/script/stages.h"

namespace tbft::models {
namespace {

namespace jit = torch::jit;

constexpr int usual_pixels = 32;
// What torch's own example for CIFAR and the paper's networks use: it makes colours from -1 to 1. A file does not say its own.
constexpr Normalisation usual_normalisation{{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}};

// An infinite buffer may be meant, such as the mask of an attention; infinite running statistics are not.
bool is_possible(const TensorInfo& info, const torch::Tensor& tensor) {
  if (!tensor.is_floating_point()) return true;
  const bool may_be_infinite = !info.is_parameter && info.name.find("running_") == std::string::npos;
  return may_be_infinite ? !tensor.isnan().any().item<bool>() : tensor.isfinite().all().item<bool>();
}

// Makes a network of a loaded module.
class Builder {
 public:
  Builder(const NetworkFile& file, jit::Module module)
      : file_(file), module_(module), pixels_(file.pixels == 0 ? usual_pixels : file.pixels) {}

  OpenedNetwork build();

 private:
  void collect(const jit::Module& module, const std::string& prefix);
  void check_tensors() const;
  std::shared_ptr<jit::Graph> forward_graph() const;
  void divide_stages();
  std::size_t first_without_images(const std::vector<StageCode>& codes) const;
  torch::Tensor images(std::int64_t count) const {
    return torch::full({count, 3, pixels_, pixels_},
                       0.5);  // the weights decide nothing here, and a drawn one would change torch's generator
  }
  void describe_stages();
  void describe_tensors();
  void describe_layers();
  void check_classifier() const;

  const NetworkFile& file_;
  jit::Module module_;
  std::int64_t pixels_;
  std::map<std::string, torch::Tensor> tensors_;
  std::map<std::string, int> block_of_;  // of each tensor, by place in blocks_
  std::vector<std::string> blocks_;
  std::vector<ScriptStage> parts_;
  std::vector<StageCode> codes_;  // of parts_
  std::vector<int> code_of_;      // see ScriptNetwork
  Architecture network_;
};

// In the order of a state dict: a module's parameters, its buffers, then those of its children.
void Builder::collect(const jit::Module& module, const std::string& prefix) {
  const auto add = [&](const std::string& name, const torch::Tensor& tensor, bool is_parameter) {
    tensors_[prefix + name] = tensor;
    network_.tensors.push_back({.name = prefix + name,
                                .shape = tensor.sizes().vec(),
                                .is_parameter = is_parameter,
                                .is_counter = tensor.scalar_type() == torch::kLong});
  };
  for (const auto& parameter : module.named_parameters(/*recurse=*/false)) add(parameter.name, parameter.value, true);
  for (const auto& buffer : module.named_buffers(/*recurse=*/false)) add(buffer.name, buffer.value, false);
  for (const auto& child : module.named_children()) collect(child.value, prefix + child.name + ".");
}

void Builder::check_tensors() const {
  std::map<const void*, std::string> seen;
  for (const TensorInfo& info : network_.tensors) {
    const torch::Tensor& tensor = tensors_.at(info.name);
    if (!is_possible(info, tensor))
      throw CheckpointError(fmt::format(
          "{} holds a number that is not finite (NaN or infinity): the file is damaged, or its training diverged", info.name));
    if (!info.is_parameter || tensor.numel() == 0) continue;
    if (tensor.scalar_type() != torch::kFloat)
      throw CheckpointError(
          fmt::format("{} is {}; export the module in float32", info.name, c10::toString(tensor.scalar_type())));
    const auto [found, is_new] = seen.emplace(tensor.data_ptr(), info.name);
    if (!is_new)
      throw CheckpointError(fmt::format("{} and {} are one tensor, which cannot be in a block", found->second, info.name));
  }
  if (seen.empty())
    throw CheckpointError("it has no parameters, as after torch.jit.freeze; export it with torch.jit.script alone");
}

std::shared_ptr<jit::Graph> Builder::forward_graph() const {
  const auto method = module_.find_method("forward");
  if (!method) throw CheckpointError("its module has no method forward");
  auto graph = method->graph()->copy();
  jit::Inline(*graph);
  if (graph->inputs().size() != 2 || graph->outputs().size() != 1)
    throw CheckpointError(
        fmt::format("its forward takes {} arguments; it must take the images and nothing else", graph->inputs().size() - 1));
  if (const auto fixed = fixed_mode(*graph); !fixed.empty())
    throw CheckpointError(fmt::format(
        "the mode of its {} is fixed, as torch.jit.trace and torch.jit.freeze leave it, so that it cannot be trained as in "
        "Python; export it with torch.jit.script",
        fixed));
  return graph;
}

// The first part whose output is no batch of float32 for as many images; parts_.size() if there is none.
std::size_t Builder::first_without_images(const std::vector<StageCode>& codes) const {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t count = 2;
  torch::Tensor x = images(count);
  try {
    for (std::size_t part = 0; part < codes.size(); ++part) {
      x = codes[part].run(module_, x);
      if (x.dim() < 2 || x.size(0) != count || x.scalar_type() != torch::kFloat) return part;
    }
  } catch (const std::runtime_error& error) {
    throw CheckpointError(fmt::format("its forward pass fails with {} images of {}x{} (model.pixels): {}", count, pixels_,
                                      pixels_, error.what()));
  }
  if (x.dim() != 2) return codes.size() - 1;
  return codes.size();
}

void Builder::divide_stages() {
  const auto graph = forward_graph();
  // Kept outputs are picked image by image, so a cut has to pass them on as such. Each attempt excludes one place of a cut.
  for (std::set<std::size_t> refused;;) {
    parts_ = divide(graph, block_of_, refused);
    std::vector<StageCode> codes;
    codes.reserve(parts_.size());
    for (const ScriptStage& part : parts_) codes.emplace_back(part);
    const std::size_t wrong = first_without_images(codes);
    if (wrong + 1 == parts_.size())
      throw CheckpointError("its forward pass does not return logits [N, classes] in float32 for N images");
    if (wrong < parts_.size()) {
      refused.insert(parts_[wrong].end);
      continue;
    }
    codes_ = std::move(codes);
    return;
  }
}

// A stage for each block, in which the last of a part does the part's work.
void Builder::describe_stages() {
  int rearmost = -1;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    for (const int block : parts_[part].blocks) {
      if (block >= 0 && block < rearmost)
        throw CheckpointError(fmt::format("model.blocks: {} runs before {}; number the blocks from front to rear",
                                          blocks_[static_cast<std::size_t>(rearmost)],
                                          blocks_[static_cast<std::size_t>(block)]));
      const bool works = block == *parts_[part].blocks.rbegin();
      network_.stages.push_back({.block = block < 0 ? "" : blocks_[static_cast<std::size_t>(block)], .merged = !works});
      code_of_.push_back(works ? static_cast<int>(part) : -1);
    }
    rearmost = std::max(rearmost, *parts_[part].blocks.rbegin());
  }
  for (const std::string& block : blocks_)
    if (std::ranges::find(network_.stages, block, &Stage::block) == network_.stages.end())
      throw CheckpointError(fmt::format("model.blocks: the forward pass uses no parameter of {}", block));
}

void Builder::describe_tensors() {
  for (TensorInfo& info : network_.tensors) {
    const int block = block_of_.at(info.name);
    const std::string name = block < 0 ? "" : blocks_[static_cast<std::size_t>(block)];
    // There may be several stages of no block: the part that reads the tensor has the right one.
    std::size_t part = 0;
    const auto found = std::ranges::find_if(network_.stages, [&](const Stage& stage) {
      const bool here = stage.block == name && (block >= 0 || parts_[part].tensors.contains(info.name));
      if (!stage.merged) ++part;
      return here;
    });
    if (found == network_.stages.end())
      throw CheckpointError(fmt::format("model.blocks: the forward pass does not use {}, which is under none", info.name));
    info.stage = static_cast<int>(found - network_.stages.begin());
  }
}

void Builder::describe_layers() {
  // With gradients, because without them attention may take another way.
  for (const TensorInfo& info : network_.tensors)
    if (info.is_parameter) tensors_.at(info.name).set_requires_grad(true);
  torch::Tensor x = images(1);
  network_.layers = record_layers(tensors_, static_cast<int>(network_.stages.size()), [&](int at) {
    const auto stage = static_cast<std::size_t>(at);
    if (code_of_[stage] >= 0) x = codes_[static_cast<std::size_t>(code_of_[stage])].run(module_, x);
    network_.stages[stage].output_values = x.numel();
  });
  network_.spec.classes = static_cast<int>(x.size(1));
  std::set<std::string> normalising;
  for (const Layer& layer : network_.layers) {
    if (layer.kind == Layer::Kind::convolution || layer.kind == Layer::Kind::linear) ++network_.spec.depth;
    if (layer.normalises()) normalising.insert(layer.name);
    const std::string weight = layer.weight_name();
    if (weight.empty()) continue;
    const auto stage = std::ranges::find(network_.tensors, weight, &TensorInfo::name)->stage;
    const auto works =
        std::find_if(network_.stages.begin() + stage, network_.stages.end(), [](const Stage& s) { return !s.merged; });
    if (works - network_.stages.begin() != layer.stage)
      throw CheckpointError(fmt::format("model.blocks: {} is used outside of the stage of its block", weight));
  }
  for (TensorInfo& info : network_.tensors) {
    const auto dot = info.name.rfind('.');
    info.normalises = dot != std::string::npos && normalising.contains(info.name.substr(0, dot));
  }
}

// Outputs are renamed by its rows (harness/training/network.h).
void Builder::check_classifier() const {
  const auto& layers = network_.layers;
  const auto last = std::find_if(layers.rbegin(), layers.rend(), [](const Layer& layer) { return !layer.normalises(); });
  if (last != layers.rbegin() || last == layers.rend() || last->weight_name() != last->name + ".weight")
    throw CheckpointError("its last layer must be linear or a convolution, with a weight of that name: the classifier");
  if (network_.block_of(last->name) != blocks_.back())
    throw CheckpointError(fmt::format("model.blocks: {} gives the logits, so it must be in {}", last->name, blocks_.back()));
  if (tensors_.at(last->weight_name()).size(0) != network_.spec.classes)
    throw CheckpointError(
        fmt::format("{} does not have a row for each of the {} classes", last->weight_name(), network_.spec.classes));
}

OpenedNetwork Builder::build() {
  const auto type = module_.type()->name();
  network_.spec = {.depth = 0, .pixels = static_cast<int>(pixels_), .family = std::string(torchscript_network), .variant = {}};
  network_.title = fmt::format("{} (TorchScript)", type ? printable(type->name()) : "module");
  network_.normalisation = normalisation_of(file_, usual_normalisation);
  module_.eval();
  collect(module_, "");
  check_tensors();
  try {
    blocks_ = blocks_in(file_.blocks);
    const auto places = blocks_of(file_.blocks, network_.tensors);
    for (std::size_t i = 0; i < places.size(); ++i) block_of_[network_.tensors[i].name] = places[i];
  } catch (const std::invalid_argument& error) {
    throw CheckpointError(error.what());
  }
  divide_stages();
  describe_stages();
  describe_tensors();
  describe_layers();
  check_classifier();
  std::vector<std::string> notes;
  if (!file_.mean || !file_.deviation)
    notes.emplace_back(
        "a TorchScript file does not say how its images are normalised; model.mean and model.std do (0.5 where they are "
        "missing)");
  for (const auto& shared : network_.shared_stages())
    notes.push_back(
        fmt::format("{} could not be separated: a step that tunes one of them runs and differentiates all", shared));
  return {make_script_network(std::move(network_), module_, std::move(codes_), std::move(code_of_)),
          {},
          notes.empty() ? "" : fmt::format("{}: {}", file_.path.string(), fmt::join(notes, "; "))};
}

jit::Module read(const NetworkFile& file) {
  if (!file.allow_script)
    throw CheckpointError("a TorchScript file is a program, which runs with your rights; if you trust it, give --allow-script");
  if (std::error_code error; !std::filesystem::is_regular_file(file.path, error))
    throw CheckpointError(error ? error.message() : "not a regular file");
  try {
    return jit::load(file.path.string(), at::kCPU);
  } catch (const std::exception& error) {
    throw CheckpointError(fmt::format("not a TorchScript file that this libtorch reads: {}", script_error(error)));
  }
}

}  // namespace

OpenedNetwork open_script(const NetworkFile& file) {
  try {
    return Builder(file, read(file)).build();
  } catch (const std::runtime_error& error) {
    throw CheckpointError(fmt::format("{}: {}", file.path.string(), error.what()));
  }
}

}  // namespace tbft::models
