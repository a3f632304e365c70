#include "harness/training/pretrain.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "harness/data/summary.h"
#include "harness/training/batches.h"
#include "harness/training/network.h"
#include "harness/training/optimizer.h"
#include "harness/training/torch_compat.h"
#include "models/network.h"
#include "results/files.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

constexpr double warm_up_share = 0.25;

double learning_rate(const PretrainSettings& s, std::int64_t step, std::int64_t steps_per_epoch) {
  const std::int64_t halvings = step / steps_per_epoch / s.halving_epochs;
  if (s.schedule == "step") return s.lr * std::pow(0.5, static_cast<double>(halvings));
  const double progress = static_cast<double>(step) / static_cast<double>(s.epochs * steps_per_epoch);
  return s.lr * (progress < warm_up_share ? (progress + 0.01) / (warm_up_share + 0.01) : (1 - progress) / (1 - warm_up_share));
}

std::int64_t class_count(const data::Images& train, const data::Images& val) {
  const auto top = [](const data::Images& images) {
    return images.size() == 0 ? -1 : *std::ranges::max_element(images.labels);
  };
  return std::max(top(train), top(val)) + 1;
}

// The settings and images that a resumed training must share with the interrupted one.
std::string identity(const PretrainSettings& s, const data::Images& train, const data::Images& val) {
  nlohmann::json json{{"optimizer", s.optimizer},
                      {"schedule", s.schedule},
                      {"halving_epochs", s.halving_epochs},
                      {"lr", s.lr},
                      {"momentum", s.momentum},
                      {"weight_decay", s.weight_decay},
                      {"batch", s.batch},
                      {"epochs", s.epochs},
                      {"patience", s.patience},
                      {"augment", s.augment},
                      {"depth", s.network.depth},
                      {"width", s.network.width},
                      {"seed", s.seed},
                      {"train_sha256", data::summarize(train).sha256},
                      {"val_sha256", data::summarize(val).sha256}};
  // Files of versions that knew one family name none, and have an integer width.
  if (s.network.family == models::NetworkSpec{}.family) {
    json["width"] = std::llround(s.network.width);
  } else {
    json["network"] = s.network.family;
    json["variant"] = s.network.variant;
  }
  return json.dump();
}

// The command checks all of the specification but the images' size.
models::NetworkPtr network_for(const models::NetworkSpec& spec) {
  try {
    return models::make_network(spec);
  } catch (const std::invalid_argument& error) {
    throw data::DataError(fmt::format("these images do not suit {}: {}", spec.family, error.what()));
  }
}

struct Progress {
  std::int64_t epoch = 0;  // completed epochs
  EpochReport best;
};

constexpr auto identity_name = "identity";
constexpr auto progress_name = "progress";

// Writes everything that the next epoch depends on, as tensors in the format of a checkpoint, which is read without executing
// anything.
void write_resume_file(const std::filesystem::path& path, const std::string& identity, const models::Network& net,
                       const Optimizer& optimizer, const Progress& progress) {
  models::StateDict state;
  const auto* text = reinterpret_cast<const std::byte*>(identity.data());
  state.push_back(
      {identity_name, models::DType::uint8, {static_cast<std::int64_t>(identity.size())}, {text, text + identity.size()}});
  const std::array<double, 5> numbers{static_cast<double>(progress.epoch), static_cast<double>(progress.best.epoch),
                                      progress.best.train_loss, progress.best.val_loss, progress.best.val_accuracy_pct};
  models::NamedTensor tensor{progress_name, models::DType::float64, {numbers.size()}, std::vector<std::byte>(sizeof(numbers))};
  std::memcpy(tensor.bytes.data(), numbers.data(), sizeof(numbers));
  state.push_back(std::move(tensor));
  for (auto& weight : models::state_of(net)) {
    weight.name = "net." + weight.name;
    state.push_back(std::move(weight));
  }
  for (const auto& [name, buffer] : optimizer.buffers()) state.push_back(models::to_bytes(name, buffer));
  models::write_state_dict(path, state);
}

Progress read_resume_file(const std::filesystem::path& path, const std::string& identity, std::int64_t steps_per_epoch,
                          models::Network& net, Optimizer& optimizer) {
  std::map<std::string, models::NamedTensor> tensors;
  models::StateDict weights;
  for (auto& tensor : models::read_state_dict(path)) {
    if (tensor.name.starts_with("net.")) {
      tensor.name.erase(0, 4);
      weights.push_back(std::move(tensor));
    } else {
      tensors.emplace(tensor.name, std::move(tensor));
    }
  }
  const auto find = [&](const std::string& name) -> const models::NamedTensor& {
    const auto found = tensors.find(name);
    if (found == tensors.end())
      throw models::CheckpointError(fmt::format("{}: '{}' is missing; delete the file", path.string(), name));
    return found->second;
  };
  const auto& text = find(identity_name).bytes;
  const std::string before(reinterpret_cast<const char*>(text.data()), text.size());
  if (before != identity)
    throw OtherTraining(
        fmt::format("{}: belongs to a training with other settings or images ({}); use those, another -o, or delete the file",
                    path.string(), before));
  std::array<double, 5> numbers{};
  const auto& bytes = find(progress_name).bytes;
  if (bytes.size() != sizeof(numbers)) throw models::CheckpointError(path.string() + ": damaged; delete the file");
  std::memcpy(numbers.data(), bytes.data(), sizeof(numbers));
  Progress progress{static_cast<std::int64_t>(numbers[0]),
                    {static_cast<std::int64_t>(numbers[1]), numbers[2], numbers[3], numbers[4], true}};
  models::load(net, weights);
  for (auto& [name, buffer] : optimizer.buffers()) models::from_bytes(find(name), buffer);
  optimizer.set_steps(progress.epoch * steps_per_epoch);
  return progress;
}

}  // namespace

std::filesystem::path resume_file(const std::filesystem::path& out) {
  return out.string() + ".resume";
}

EpochReport pretrain(const data::Images& train, const data::Images& val, const PretrainSettings& settings,
                     const std::filesystem::path& out, bool resume, PretrainObserver& observer) {
  const auto classes = std::max(class_count(train, val), static_cast<std::int64_t>(train.class_names.size()));
  if (train.size() == 0 || val.size() == 0 || classes < 2)
    throw data::DataError("training a base model needs images of two classes");
  if (train.height != train.width || train.height != val.height || train.width != val.width)
    throw data::DataError(fmt::format("images are {}x{} and, for validation, {}x{}; the network needs square ones of one size",
                                      train.width, train.height, val.width, val.height));

  // With more outputs than names, labels of `val` exceed the classes that `train` names, so that some names are unknown.
  const auto class_names = std::ssize(train.class_names) == classes ? train.class_names : std::vector<std::string>{};

  torch::manual_seed(settings.seed);
  auto spec = settings.network;
  spec.classes = static_cast<int>(classes);
  spec.pixels = static_cast<int>(train.height);
  const auto made = network_for(spec);
  auto& net = *made;
  set_layout(net, settings.layout);
  Optimizer optimizer(
      net.parameters(),
      {.adam = settings.optimizer == "adam", .momentum = settings.momentum, .weight_decay = settings.weight_decay});
  const auto n = train.size();
  const std::int64_t steps_per_epoch = (n + settings.batch - 1) / settings.batch;
  std::vector<std::int64_t> val_indices(static_cast<std::size_t>(val.size()));
  std::iota(val_indices.begin(), val_indices.end(), 0);

  Progress progress;
  progress.best.val_loss = std::numeric_limits<double>::infinity();
  auto& best = progress.best;
  const auto state_file = resume_file(out);
  const auto id = identity(settings, train, val);
  if (resume && std::filesystem::exists(state_file)) {
    progress = read_resume_file(state_file, id, steps_per_epoch, net, optimizer);
    // Only better weights will be written.
    if (best.epoch > 0 && !std::filesystem::exists(out))
      throw models::CheckpointError(
          fmt::format("{}: missing; the best weights so far, of epoch {}, were there: put it back, or delete {} to train anew",
                      out.string(), best.epoch, state_file.string()));
    observer.resumed(progress.epoch);
  }
  while (progress.epoch < settings.epochs && progress.epoch - best.epoch < settings.patience) {
    const auto epoch = progress.epoch + 1;
    // Each epoch has its own generator, so that a resumed training draws the same numbers as an uninterrupted one.
    auto random = at::detail::createCPUGenerator(settings.seed + 0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(epoch));
    net.train();
    check_last_batch(net, n, settings.batch);
    const auto order = at::randperm(n, random, at::kLong);
    const std::span shuffled(order.data_ptr<std::int64_t>(), static_cast<std::size_t>(n));
    double loss_sum = 0;
    std::int64_t step = progress.epoch * steps_per_epoch;
    for (std::int64_t begin = 0; begin < n; begin += settings.batch) {
      const auto indices = slice(shuffled, static_cast<std::size_t>(begin), static_cast<std::size_t>(settings.batch));
      const auto count = static_cast<std::int64_t>(indices.size());
      const auto shifts = settings.augment ? draw_shifts(count, random) : std::vector<Shift>{};
      const auto [x, y] = make_batch(train, indices, net.architecture().normalisation, settings.layout, shifts);
      drop_gradients(net);
      const auto loss = F::cross_entropy(net.forward(x), y);
      loss.backward();
      optimizer.set_rate(learning_rate(settings, step, steps_per_epoch));
      optimizer.step();
      loss_sum += loss.item<double>() * static_cast<double>(count);
      observer.stepped(++step, settings.epochs * steps_per_epoch);
    }
    const auto score = evaluate(net, val, val_indices, settings.layout, observer);
    EpochReport report{epoch, loss_sum / static_cast<double>(n), score.loss,
                       100.0 * static_cast<double>(std::ranges::count(score.correct, true)) / static_cast<double>(val.size()),
                       false};
    if (!std::isfinite(report.train_loss)) throw std::runtime_error("the training loss is no longer finite; lower --lr");
    report.best = report.val_loss < best.val_loss;
    if (report.best) {
      best = report;
      results::Output file(out);
      models::write_state_dict(file.staged(), models::state_of(net), class_names);
      file.commit();
    }
    progress.epoch = epoch;
    write_resume_file(state_file, id, net, optimizer, progress);
    observer.epoch_done(report);
  }
  if (best.epoch == 0) throw std::runtime_error("the validation loss was never finite; lower --lr");
  std::filesystem::remove(state_file);
  return best;
}

}  // namespace tbft
