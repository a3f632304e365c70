#include "harness/pretrain.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "harness/batches.h"
#include "harness/network.h"
#include "models/resnet.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

constexpr int pad = 4;
constexpr std::int64_t halving_epochs = 50;
constexpr double warm_up_share = 0.25;

double learning_rate(const PretrainSettings& s, std::int64_t step, std::int64_t steps_per_epoch) {
  const std::int64_t halvings = step / steps_per_epoch / halving_epochs;
  if (s.schedule == "step") return s.lr * std::pow(0.5, static_cast<double>(halvings));
  const double progress = static_cast<double>(step) / static_cast<double>(s.epochs * steps_per_epoch);
  return s.lr * (progress < warm_up_share ? (progress + 0.01) / (warm_up_share + 0.01) : (1 - progress) / (1 - warm_up_share));
}

std::vector<Shift> draw_shifts(std::int64_t n, const at::Generator& random) {
  const auto draws = at::randint(0, 2 * pad + 1, {n, 2}, random, at::kLong);
  const auto mirrors = at::randint(0, 2, {n}, random, at::kLong);
  const auto* draw = draws.data_ptr<std::int64_t>();
  const auto* mirror = mirrors.data_ptr<std::int64_t>();
  std::vector<Shift> shifts(static_cast<std::size_t>(n));
  for (auto& shift : shifts) {
    shift = {static_cast<int>(draw[0]) - pad, static_cast<int>(draw[1]) - pad, *mirror++ != 0};
    draw += 2;
  }
  return shifts;
}

std::int64_t class_count(const data::Images& train, const data::Images& val) {
  const auto top = [](const data::Images& images) {
    return images.size() == 0 ? -1 : *std::ranges::max_element(images.labels);
  };
  return std::max(top(train), top(val)) + 1;
}

}  // namespace

EpochReport pretrain(const data::Images& train, const data::Images& val, const PretrainSettings& settings,
                     const std::filesystem::path& out, PretrainObserver& observer) {
  const auto classes = std::max(class_count(train, val), static_cast<std::int64_t>(train.class_names.size()));
  if (train.size() == 0 || val.size() == 0 || classes < 2)
    throw data::DataError("training a base model needs images of two classes");
  if (train.height != train.width || train.height != val.height || train.width != val.width || train.height % 32 != 0)
    throw data::DataError(
        fmt::format("images are {}x{}; the network wants squares of a multiple of 32", train.width, train.height));

  torch::manual_seed(settings.seed);
  models::ResNet net(models::ResNetSpec{static_cast<int>(settings.depth), static_cast<int>(settings.width),
                                        static_cast<int>(classes), static_cast<int>(train.height)});
  set_layout(net, settings.layout);
  torch::optim::SGD optimizer(
      net->parameters(), torch::optim::SGDOptions(settings.lr).momentum(settings.momentum).weight_decay(settings.weight_decay));
  auto random = at::detail::createCPUGenerator(settings.seed);
  const auto n = train.size();
  const std::int64_t steps_per_epoch = (n + settings.batch - 1) / settings.batch;
  std::vector<std::int64_t> val_indices(static_cast<std::size_t>(val.size()));
  std::iota(val_indices.begin(), val_indices.end(), 0);

  EpochReport best;
  best.val_loss = std::numeric_limits<double>::infinity();
  std::int64_t step = 0;
  for (std::int64_t epoch = 1; epoch <= settings.epochs && epoch - best.epoch <= settings.patience; ++epoch) {
    net->train();
    const auto order = at::randperm(n, random, at::kLong);
    const std::span shuffled(order.data_ptr<std::int64_t>(), static_cast<std::size_t>(n));
    double loss_sum = 0;
    for (std::int64_t begin = 0; begin < n; begin += settings.batch, ++step) {
      const auto indices = slice(shuffled, static_cast<std::size_t>(begin), static_cast<std::size_t>(settings.batch));
      const auto count = static_cast<std::int64_t>(indices.size());
      const auto shifts = settings.augment ? draw_shifts(count, random) : std::vector<Shift>{};
      const auto [x, y] = make_batch(train, indices, settings.layout, shifts);
      for (auto& group : optimizer.param_groups())
        static_cast<torch::optim::SGDOptions&>(group.options()).lr(learning_rate(settings, step, steps_per_epoch));
      drop_gradients(net);
      const auto loss = F::cross_entropy(net->forward(x), y);
      loss.backward();
      optimizer.step();
      loss_sum += loss.item<double>() * static_cast<double>(count);
      observer.stepped(step + 1, settings.epochs * steps_per_epoch);
    }
    const auto score = evaluate(net, val, val_indices, settings.layout, observer);
    EpochReport report{epoch, loss_sum / static_cast<double>(n), score.loss,
                       100.0 * static_cast<double>(std::ranges::count(score.correct, true)) / static_cast<double>(val.size()),
                       false};
    if (!std::isfinite(report.train_loss)) throw std::runtime_error("the training loss is no longer finite; lower --lr");
    report.best = report.val_loss < best.val_loss;
    if (report.best) {
      best = report;
      models::write_state_dict(out, models::state_of(net));
    }
    observer.epoch_done(report);
  }
  if (best.epoch == 0) throw std::runtime_error("the validation loss was never finite; lower --lr");
  return best;
}

}  // namespace tbft
