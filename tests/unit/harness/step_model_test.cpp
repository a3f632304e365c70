// The fit against steps of a machine whose times are known.
#include "harness/adaptive/step_model.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "models/cost.h"
#include "models/families/family.h"

namespace tbft::adaptive {
namespace {

const auto network = models::describe({});

// What each kind of work takes: seconds a MAC forward, of an input and of a weight gradient, a saved byte, a step.
constexpr Work machine{5e-12, 6e-12, 9e-12, 1e-11, 2e-3};

double seconds_of(const Work& work) {
  double sum = 0;
  for (std::size_t k = 0; k < work.size(); ++k) sum += work[k] * machine[k];
  return sum;
}

std::vector<TimedStep> timed() {
  std::vector<TimedStep> steps;
  for (const char* strategy : {"bn-stats", "bn-affine", "block3", "full"})
    for (const std::int64_t images : {16, 4})
      steps.push_back({strategy, images, seconds_of(work_of_step(network, find_strategy(strategy), images))});
  return steps;
}

TEST(StepModel, FindsAMachineThatIsAsItAssumesAndPredictsOtherStrategies) {
  const auto model = fit_steps(network, timed());
  EXPECT_LT(model.relative_error, 1e-6);
  for (const char* strategy : {"block1", "block2", "fc", "bn-affine", "l1-sp"}) {
    const auto work = work_of_step(network, find_strategy(strategy), 32);
    EXPECT_NEAR(model.seconds(work), seconds_of(work), 1e-6 * seconds_of(work)) << strategy;
  }
}

TEST(StepModel, NoKindOfWorkGivesTimeBack) {
  auto steps = timed();
  for (auto& step : steps) step.seconds *= step.images == 16 ? 1.5 : 0.7;  // a larger batch that is dearer by the image
  const auto model = fit_steps(network, steps);
  for (const double seconds : model.seconds_per) EXPECT_GE(seconds, 0);
  EXPECT_GT(model.relative_error, 0.01) << "and it says that it does not fit";
}

TEST(StepModel, WorkOfATuningIsThatOfItsStepsAndValidations) {
  const Sizes sizes{.n_train = 70, .n_val = 30, .batch = 16};
  const auto& full = find_strategy("full");
  Work expected{};
  const auto add = [&](const Work& work, double times) {
    for (std::size_t k = 0; k < work.size(); ++k) expected[k] += times * work[k];
  };
  add(work_of_step(network, full, 16), 3 * 4);
  add(work_of_step(network, full, 6), 3);
  add(work_of_test(network, 30, 16), 3);
  const auto work = work_of_tuning(network, full, sizes, 3);
  for (std::size_t k = 0; k < work.size(); ++k) EXPECT_DOUBLE_EQ(work[k], expected[k]) << k;
  EXPECT_DOUBLE_EQ(work[4], 3 * (5 + 2)) << "steps and batches";

  // A renaming is one pass whatever the epochs, and a validation.
  const auto renaming = work_of_tuning(network, find_strategy("relabel"), sizes, 3);
  EXPECT_DOUBLE_EQ(renaming[0], 100.0 * static_cast<double>(models::forward_macs(network)));
  EXPECT_EQ(renaming[1] + renaming[2], 0);
  const auto both = work_of_tuning(network, find_strategy("bn-relabel"), sizes, 3);
  EXPECT_DOUBLE_EQ(both[0], (3 * 100.0 + 2 * 70 + 30) * static_cast<double>(models::forward_macs(network)));
}

TEST(StepModel, JoulesArePowerTimesTimeAndUnknownWithoutPower) {
  auto model = fit_steps(network, timed());
  const auto work = work_of_step(network, find_strategy("full"), 16);
  model.power_W = 4;
  EXPECT_DOUBLE_EQ(model.joules(work), 4 * model.seconds(work));
  model.power_W = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(model.joules(work)));
  EXPECT_TRUE(to_json(model).at("power_W").is_null());
}

TEST(StepModel, RefusesWhatSaysNothing) {
  EXPECT_THROW(fit_steps(network, {}), std::invalid_argument);
  EXPECT_THROW(fit_steps(network, {{"full", 16, 0}}), std::invalid_argument);
}

}  // namespace
}  // namespace tbft::adaptive
