#include "harness/adaptive/step_model.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <stdexcept>

#include "models/cost.h"

namespace tbft::adaptive {
namespace {

enum Kind : std::size_t { forward, input_gradient, weight_gradient, saved, step };

void add(Work& to, const Work& work, double times) {
  for (std::size_t k = 0; k < to.size(); ++k) to[k] += times * work[k];
}

// The solution for the kinds of work in `used` (bits); the others are 0.
Work solve(const std::vector<Work>& rows, unsigned used) {
  std::vector<std::size_t> kinds;
  for (std::size_t k = 0; k < Work{}.size(); ++k)
    if ((used >> k & 1U) != 0) kinds.push_back(k);
  cv::Mat a(static_cast<int>(rows.size()), static_cast<int>(kinds.size()), CV_64F);
  const cv::Mat b = cv::Mat::ones(a.rows, 1, CV_64F);
  // The kinds differ by many orders of magnitude, so that each column is scaled to the same length.
  std::vector<double> scale(kinds.size(), 0.0);
  for (const auto& row : rows)
    for (std::size_t j = 0; j < kinds.size(); ++j) scale[j] = std::max(scale[j], row[kinds[j]]);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.cols; ++j) {
      const auto at = static_cast<std::size_t>(j);
      a.at<double>(i, j) = scale[at] > 0 ? rows[static_cast<std::size_t>(i)][kinds[at]] / scale[at] : 0;
    }
  cv::Mat x;
  cv::solve(a, b, x, cv::DECOMP_SVD);
  Work result{};
  for (std::size_t j = 0; j < kinds.size(); ++j)
    if (scale[j] > 0) result[kinds[j]] = x.at<double>(static_cast<int>(j), 0) / scale[j];
  return result;
}

double dot(const Work& a, const Work& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

Work work_of_step(const models::Architecture& network, const Strategy& strategy, std::int64_t images) {
  const auto n = static_cast<double>(images);
  Work work{};
  work[forward] = n * static_cast<double>(models::forward_macs(network));
  work[step] = 1;
  if (!strategy.uses_gradient()) return work;
  const auto macs = models::step_macs(network, models::trained_by(network, strategy.tuned));
  work[weight_gradient] = n * static_cast<double>(macs.weight_gradient);
  work[input_gradient] = n * static_cast<double>(macs.input_gradient);
  work[saved] = n * static_cast<double>(models::saved_activation_bytes(network, strategy.tuned));
  return work;
}

Work work_of_test(const models::Architecture& network, std::int64_t n, std::int64_t batch) {
  Work work{};
  work[forward] = static_cast<double>(n) * static_cast<double>(models::forward_macs(network));
  work[step] = std::ceil(static_cast<double>(n) / static_cast<double>(batch));
  return work;
}

Work work_of_tuning(const models::Architecture& network, const Strategy& strategy, const Sizes& sizes, std::int64_t epochs) {
  Work work{};
  const auto test = [&](std::int64_t n, double times) { add(work, work_of_test(network, n, sizes.batch), times); };
  const auto extra = strategy.extra_passes();
  test(sizes.n_train, extra.training);
  if (!strategy.has_epochs()) {
    test(sizes.n_val, 1);
    return work;
  }
  const auto times = static_cast<double>(epochs);
  const std::int64_t whole = sizes.n_train / sizes.batch;
  add(work, work_of_step(network, strategy, sizes.batch), times * static_cast<double>(whole));
  if (const auto rest = sizes.n_train % sizes.batch; rest > 0) add(work, work_of_step(network, strategy, rest), times);
  test(sizes.n_val, times + extra.validation);
  return work;
}

double StepModel::seconds(const Work& work) const {
  return dot(seconds_per, work);
}

StepModel fit_steps(const models::Architecture& network, std::vector<TimedStep> steps) {
  if (steps.empty()) throw std::invalid_argument("no step was timed");
  std::vector<Work> rows;  // the work of a step divided by its seconds
  for (const auto& timed : steps) {
    if (!(timed.seconds > 0)) throw std::invalid_argument("a timed step has no duration");
    rows.emplace_back();
    add(rows.back(), work_of_step(network, find_strategy(timed.strategy), timed.images), 1 / timed.seconds);
  }
  const auto error_of = [&](const Work& x) {
    double sum = 0;
    for (const auto& row : rows) sum += std::pow(dot(row, x) - 1, 2);
    return std::sqrt(sum / static_cast<double>(rows.size()));
  };
  // Tries all sets of kinds and keeps the best solution without negative coefficients. Five kinds need no better search.
  StepModel model{.steps = std::move(steps)};
  model.relative_error = std::numeric_limits<double>::infinity();
  for (unsigned used = 1; used < 1U << Work{}.size(); ++used) {
    const auto x = solve(rows, used);
    bool allowed = true;
    for (const double value : x) allowed = allowed && value >= 0;
    if (!allowed || error_of(x) >= model.relative_error) continue;
    model.seconds_per = x;
    model.relative_error = error_of(x);
  }
  return model;
}

nlohmann::ordered_json to_json(const StepModel& model) {
  auto steps = nlohmann::ordered_json::array();
  for (const auto& timed : model.steps)
    steps.push_back({{"strategy", timed.strategy}, {"images", timed.images}, {"seconds", timed.seconds}});
  nlohmann::ordered_json json{{"seconds_per_forward_mac", model.seconds_per[forward]},
                              {"seconds_per_input_gradient_mac", model.seconds_per[input_gradient]},
                              {"seconds_per_weight_gradient_mac", model.seconds_per[weight_gradient]},
                              {"seconds_per_saved_byte", model.seconds_per[saved]},
                              {"seconds_per_step", model.seconds_per[step]},
                              {"relative_error", model.relative_error},
                              {"power_W", nullptr},
                              {"steps", steps}};
  if (std::isfinite(model.power_W)) json["power_W"] = model.power_W;
  return json;
}

}  // namespace tbft::adaptive
