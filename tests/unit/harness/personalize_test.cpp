// The whole of `personalize` on a network, trained for seconds, whose own predictions are the labels: it is right on
// everything, until they are renamed. The meter is constant, and time is virtual: joules do not depend on the machine.
#include "harness/adaptive/personalize.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "harness/adaptive/step_timing.h"
#include "harness/host/interrupted.h"
#include "harness/training/compute.h"
#include "harness/training/phases.h"
#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"
#include "models/families/family.h"
#include "tests/support/fake_meter.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double watts_W = 5;

// Work takes no virtual time by itself: the edge of a window and a look at the clock take 5 ms, which the sampler sees pass.
constexpr power::TimeNs work_ns = 5'000'000;

class WorkClock final : public power::Clock {
 public:
  explicit WorkClock(std::shared_ptr<power::Clock> shared) : shared_(std::move(shared)) {}
  power::TimeNs now() const override {
    shared_->sleep_until(shared_->now() + work_ns);
    return shared_->now();
  }
  void sleep_until(power::TimeNs instant, const std::stop_token& stop) override { shared_->sleep_until(instant, stop); }

 private:
  std::shared_ptr<power::Clock> shared_;
};

std::vector<std::int64_t> range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> list(static_cast<std::size_t>(end - begin));
  std::iota(list.begin(), list.end(), begin);
  return list;
}

TEST(PersonalSplit, DividesAllImagesOnce) {
  const auto split = personal_split(100, 0.3, 7);
  EXPECT_EQ(split.test.size(), 30U);
  EXPECT_EQ(split.val.size(), 14U);
  EXPECT_EQ(split.train.size(), 56U);
  auto all = split.test;
  all.insert(all.end(), split.val.begin(), split.val.end());
  all.insert(all.end(), split.train.begin(), split.train.end());
  std::ranges::sort(all);
  EXPECT_EQ(all, range(0, 100));
  EXPECT_NE(personal_split(100, 0.3, 8).test, split.test);
  EXPECT_TRUE(personal_split(100, 0, 7).test.empty());
  EXPECT_THAT(test::message_of<data::DataError>([] { personal_split(2, 0.3, 0); }), HasSubstr("too few"));
}

// At 32 pixels the maps of the last layer of torchvision's ResNet have one pixel.
TEST(StepsToTime, HaveTwoImagesWhereABatchNormNeedsThem) {
  const auto fewest = [](const models::Architecture& network) {
    const auto steps = adaptive::steps_to_time(network, 4);
    return std::ranges::min_element(steps, {}, &adaptive::TimedStep::images)->images;
  };
  EXPECT_EQ(fewest(models::describe({})), 1);
  EXPECT_EQ(fewest(models::describe({.depth = 18, .family = "resnet", .variant = "large-stem"})), 2);
  EXPECT_EQ(fewest(models::describe({.depth = 18, .pixels = 64, .family = "resnet", .variant = "large-stem"})), 1);
}

class PersonalizeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_compute({1, "onednn"});
    images = data::load_dataset(data::parse_dataset_spec("synthetic:?part=train&n=900"));
    const std::atomic<bool> stop = false;
    StopObserver observer(stop);
    Trainer fresh(models::NetworkSpec{}, 3);
    fresh.run(find_strategy("full"), images, {.train = range(0, 600), .val = range(600, 700), .test = {700}},
              {.lr = 0.01, .batch = 32, .epochs = 6, .seed = 1}, observer);
    const test::TemporaryFolder folder;
    fresh.save(folder.path() / "base.pth");
    trainer = std::make_unique<Trainer>(folder.path() / "base.pth");
    images.labels = trainer->observe(images, range(0, 900), std::nullopt).predicted();
    reference = adaptive::calibrate(trainer->observe(images, range(0, 600), std::nullopt), {70}, 1);
  }
  static void TearDownTestSuite() { trainer.reset(); }

  PersonalizeRequest request() const {
    PersonalizeRequest r;
    r.images = images;
    r.split = {.train = range(600, 656), .val = range(656, 670), .test = range(700, 800)};
    r.train = {.batch = 16, .epochs = 3, .seed = 5};
    r.lr = {{"default", 1e-3}, {"fc", 1e-2}};
    r.reference = reference;
    r.output = folder_.path() / "out.pth";
    return r;
  }
  static void rename(PersonalizeRequest& r) {
    for (auto& label : r.images.labels) label = (label + 1) % 10;
  }
  using Watts = power::testing::FunctionMeter::Watts;
  static Personalized run(
      const PersonalizeRequest& r, const Watts& watts = [](power::TimeNs) { return watts_W; },
      const std::atomic<bool>& stop = false) {
    auto meter = std::make_unique<power::testing::FunctionMeter>(power::testing::simple_meter(1e-3), watts);
    const auto shared = std::make_shared<power::testing::SharedClock>(2);  // the work, the sampler
    WorkClock clock(shared);
    power::Monitor monitor(std::move(meter), {.clock = shared, .on_mark = [&](const power::Mark&) { clock.now(); }});
    Console console(stderr, false);
    return personalize(*trainer, monitor, clock, r, console, stop);
  }

  // In the folder of the output.
  std::vector<fs::path> files() const {
    const fs::directory_iterator all(folder_.path());
    return {begin(all), end(all)};
  }

  test::TemporaryFolder folder_;
  static inline std::unique_ptr<Trainer> trainer;
  static inline data::Images images;
  static inline adaptive::Reference reference;
};

TEST_F(PersonalizeTest, RenamedLabelsAreRenamedBackAndTheWeightsWritten) {
  auto r = request();
  rename(r);
  const auto outcome = run(r);
  EXPECT_EQ(outcome.diagnosis.level, adaptive::Level::output);
  EXPECT_EQ(outcome.base_correct, 0);
  ASSERT_TRUE(outcome.kept);
  const auto& kept = outcome.attempts[*outcome.chosen];
  EXPECT_EQ(kept.candidate.strategy, "relabel");
  EXPECT_GT(outcome.test->better, 80);
  EXPECT_EQ(outcome.test->worse, 0);
  EXPECT_EQ(outcome.attempts[1].skipped, "not needed");
  EXPECT_TRUE(outcome.as_asked);
  EXPECT_THAT(files(), ElementsAre(r.output));

  // What was written is what was tested.
  Trainer adapted(r.output);
  const auto again = adapted.observe(r.images, r.split.test, std::nullopt).predicted();
  std::int64_t right = 0;
  for (std::size_t i = 0; i < again.size(); ++i)
    right += again[i] == r.images.labels[static_cast<std::size_t>(r.split.test[i])] ? 1 : 0;
  EXPECT_EQ(right, outcome.test->correct);

  // A constant meter: joules are watts times seconds, of the whole and of every part, and the parts fit into the whole.
  for (const auto* energy : {&outcome.all, &outcome.diagnosing, &outcome.calibrating, &kept.tuning}) {
    ASSERT_TRUE(energy->valid) << energy->reason;
    EXPECT_NEAR(energy->energy_J, watts_W * energy->duration_s, 1e-6 * energy->energy_J);
  }
  EXPECT_LT(outcome.diagnosing.energy_J + outcome.calibrating.energy_J + kept.tuning.energy_J, outcome.all.energy_J);
  EXPECT_GT(kept.predicted_done_J, 0);

  const auto json = to_json(outcome, r);
  EXPECT_EQ(json.at("kept"), "relabel");
  EXPECT_EQ(json.at("diagnosis").at("level"), "output");
  EXPECT_EQ(json.at("base").at("correct"), 0);
  EXPECT_DOUBLE_EQ(json.at("energy").at("all").at("gross_J").get<double>(), outcome.all.energy_J);
  EXPECT_THAT(to_text(outcome, r), HasSubstr("relabel"));
}

Attempt attempt_of(std::string_view strategy, std::string_view why) {
  Attempt attempt;
  attempt.candidate = {strategy, why};
  return attempt;
}

TEST(WhyNotThePapers, IsSaidOnlyWhereAnotherBlockIsTuned) {
  Personalized outcome;
  EXPECT_EQ(why_not_the_papers(outcome), "") << "nothing was chosen";
  outcome.diagnosis.level = adaptive::Level::output;
  outcome.attempts = {attempt_of("relabel", "a renaming explains it"), attempt_of("fc", "the paper's block")};
  EXPECT_EQ(why_not_the_papers(outcome), "relabel and not the paper's fc: a renaming explains it");
  outcome.attempts[1].skipped = "not needed";
  outcome.chosen = 0;
  EXPECT_THAT(why_not_the_papers(outcome), HasSubstr("; fc was not tuned: not needed"));
  TrainResult result;
  result.correct = 20;
  result.n_test = 30;
  outcome.attempts[1].result = result;
  EXPECT_THAT(why_not_the_papers(outcome), HasSubstr("; fc had 20 of 30 validation images correct"));
  outcome.chosen = 1;
  EXPECT_EQ(why_not_the_papers(outcome), "");
  outcome.diagnosis.level = adaptive::Level::unsure;
  EXPECT_EQ(why_not_the_papers(outcome), "the paper names no block for this drift; fc: the paper's block");
  outcome.chosen.reset();
  outcome.n_test = 30;
  EXPECT_EQ(why_not_the_papers(outcome), "") << "what was tuned was not chosen";
}

// Of 100 images kept apart the base model has 90 right; the candidate, which was better in validation, has 91.
Personalized within_the_noise() {
  Personalized outcome;
  outcome.n_val = 14;
  outcome.n_test = 100;
  outcome.base_correct = 90;
  outcome.attempts = {attempt_of("fc", "the paper's block")};
  outcome.attempts[0].result = TrainResult{};
  outcome.chosen = 0;
  outcome.test = Test{.correct = 91, .better = 1, .worse = 0, .p = 0.5};
  return outcome;
}

TEST(Conclude, ABaseModelThatHasTheTargetIsAsAsked) {
  PersonalizeRequest request;
  request.target_accuracy_pct = 90;
  auto outcome = within_the_noise();
  conclude(outcome, request, 1);
  EXPECT_TRUE(outcome.as_asked);
  EXPECT_THAT(outcome.verdict, testing::AllOf(HasSubstr("beyond the noise"), testing::Not(HasSubstr("target"))));
  request.target_accuracy_pct = 90.5;
  outcome = within_the_noise();
  conclude(outcome, request, 1);
  EXPECT_FALSE(outcome.as_asked);
  EXPECT_THAT(outcome.verdict, HasSubstr("; the target of 90.5 % was not reached"));
  request.target_accuracy_pct.reset();
  outcome = within_the_noise();
  outcome.chosen.reset();
  conclude(outcome, request, 1);
  EXPECT_TRUE(outcome.as_asked);
  EXPECT_THAT(outcome.verdict, HasSubstr("no candidate was better"));
}

TEST(Conclude, WhereAllDivergedItIsNotAsAsked) {
  auto outcome = within_the_noise();
  outcome.chosen.reset();
  outcome.attempts[0].result.reset();
  conclude(outcome, {}, 1);
  EXPECT_FALSE(outcome.as_asked);
  EXPECT_THAT(outcome.verdict, HasSubstr("every attempt diverged"));
}

TEST_F(PersonalizeTest, WhatDidNotDriftIsLeftAlone) {
  const auto r = request();
  const auto outcome = run(r);
  EXPECT_EQ(outcome.diagnosis.level, adaptive::Level::none);
  EXPECT_EQ(outcome.base_correct, 100);
  EXPECT_FALSE(outcome.kept);
  EXPECT_TRUE(outcome.as_asked);
  EXPECT_THAT(outcome.verdict, HasSubstr("left unchanged"));
  EXPECT_FALSE(fs::exists(r.output));
}

TEST_F(PersonalizeTest, AGainWithinTheNoiseLeavesTheBase) {
  auto r = request();
  rename(r);
  r.split.test.resize(4);  // p = 1/16 at best
  const auto outcome = run(r);
  EXPECT_TRUE(outcome.chosen);
  EXPECT_FALSE(outcome.kept);
  EXPECT_THAT(outcome.verdict, HasSubstr("beyond the noise"));
  EXPECT_EQ(outcome.attempts[1].skipped, "not needed") << "the images kept apart do not decide what is tried";
  EXPECT_FALSE(fs::exists(r.output));
}

// Other images kept apart, down to wrong labels on all of them, change nothing of what is tried and chosen: only the report.
TEST_F(PersonalizeTest, TheImagesThatAreReportedChooseNothing) {
  auto r = request();
  rename(r);
  auto& first_val = r.images.labels[static_cast<std::size_t>(r.split.val[0])];
  first_val = (first_val + 1) % 10;
  r.target_accuracy_pct = 100;  // no renaming gets the first validation image right, so that every candidate is tried
  const auto right = run(r);
  for (const auto i : r.split.test) {
    auto& label = r.images.labels[static_cast<std::size_t>(i)];
    label = (label + 1) % 10;
  }
  const auto wrong = run(r);
  EXPECT_TRUE(right.kept);
  EXPECT_FALSE(wrong.kept);
  EXPECT_GT(right.test->correct, 80);
  EXPECT_LT(wrong.test->correct, 20);
  EXPECT_EQ(right.chosen, wrong.chosen);
  ASSERT_EQ(right.attempts.size(), wrong.attempts.size());
  for (std::size_t i = 0; i < right.attempts.size(); ++i) {
    EXPECT_EQ(right.attempts[i].skipped, wrong.attempts[i].skipped);
    ASSERT_EQ(right.attempts[i].result.has_value(), wrong.attempts[i].result.has_value());
    if (!right.attempts[i].result) continue;
    EXPECT_EQ(right.attempts[i].result->n_test, 14) << "candidates are looked at on validation images alone";
    EXPECT_EQ(right.attempts[i].result->correct, wrong.attempts[i].result->correct);
  }
  EXPECT_TRUE(right.attempts[1].result);
}

TEST_F(PersonalizeTest, ABudgetThatCannotBeKeptIsRefusedWithItsFigures) {
  auto r = request();
  rename(r);
  r.budget_J = 0.01;
  const auto outcome = run(r);
  EXPECT_FALSE(outcome.as_asked);
  EXPECT_THAT(outcome.verdict, testing::AllOf(HasSubstr("refused"), HasSubstr("of the budget of 0.01 J")));
  for (const auto& attempt : outcome.attempts) EXPECT_FALSE(attempt.result);
  EXPECT_FALSE(fs::exists(r.output));
  r.budget_J = 1e6;
  EXPECT_TRUE(run(r).kept);
}

// Pixels turned to their negative: a level whose first candidate goes through epochs, far more of them than the budget allows.
TEST_F(PersonalizeTest, ABudgetEndsTheTuningAlsoWhereThePredictionWasTooLow) {
  auto r = request();
  for (auto& value : r.images.pixels.owned()) value = static_cast<std::uint8_t>(255 - value);
  r.train.epochs = r.train.patience = 20000;
  r.tries = 1;
  auto dry = r;
  dry.dry_run = true;
  const auto before = run(dry);
  // Which level, that is the toy network's affair: another libtorch trains another one.
  const auto& candidate = find_strategy(before.attempts.front().candidate.strategy);
  ASSERT_TRUE(candidate.has_epochs()) << candidate.name;
  const double epoch_J = before.attempts.front().predicted_J / 20000;
  r.budget_J = 10 * before.all.energy_J + 40 * epoch_J;
  const auto kept = run(r);
  ASSERT_TRUE(kept.attempts.front().result);
  EXPECT_GT(kept.attempts.front().result->epochs, 0);
  EXPECT_LT(kept.attempts.front().result->epochs, 20000);
  // A machine that does something else for a moment may pass it by that: then it is said.
  EXPECT_LE(kept.all.energy_J, 1.2 * *r.budget_J);
  EXPECT_EQ(kept.as_asked, kept.all.energy_J <= *r.budget_J);

  // The power goes up when the tuning has begun: the meter says so, and not the plan.
  std::atomic<power::TimeNs> first = 0;
  const auto rising = [&](power::TimeNs now) {
    power::TimeNs none = 0;
    first.compare_exchange_strong(none, now);
    return static_cast<double>(now - first) * 1e-9 > 2 * before.all.duration_s ? 10 * watts_W : watts_W;
  };
  r.budget_J = 30 * before.all.energy_J;
  const auto risen = run(r, rising);
  ASSERT_TRUE(risen.attempts.front().result);
  EXPECT_LE(risen.all.energy_J, 1.2 * *r.budget_J);
}

TEST_F(PersonalizeTest, ATargetAccuracyIsReachedOrSaidNotToBe) {
  auto r = request();
  r.target_accuracy_pct = 99;
  EXPECT_TRUE(run(r).as_asked) << "the base has it";
  rename(r);
  r.target_accuracy_pct = 60;
  const auto reached = run(r);
  EXPECT_TRUE(reached.as_asked);
  EXPECT_EQ(reached.attempts[1].skipped, "not needed");
  for (const auto* part : {&r.split.test, &r.split.val}) {  // one of a kind that no renaming gets right: never all
    auto& label = r.images.labels[static_cast<std::size_t>(part->front())];
    label = (label + 1) % 10;
  }
  r.target_accuracy_pct = 100;
  const auto missed = run(r);
  EXPECT_FALSE(missed.as_asked);
  EXPECT_TRUE(missed.attempts[1].result) << "the next candidate was tried";
  EXPECT_TRUE(missed.kept) << "and the best of them kept";
  EXPECT_THAT(missed.verdict, HasSubstr("the target of 100 % was not reached"));
}

TEST_F(PersonalizeTest, ADryRunPredictsAndTunesNothing) {
  auto r = request();
  rename(r);
  r.dry_run = true;
  const auto outcome = run(r);
  ASSERT_FALSE(outcome.attempts.empty());
  EXPECT_GT(outcome.attempts.front().predicted_J, 0);
  EXPECT_FALSE(outcome.attempts.front().result);
  EXPECT_EQ(outcome.n_test, 0);
  EXPECT_TRUE(to_json(outcome, r).at("base").is_null());
}

TEST_F(PersonalizeTest, AStopLeavesNothingBehind) {
  auto r = request();
  rename(r);
  r.target_accuracy_pct = 100;
  auto& label = r.images.labels[static_cast<std::size_t>(r.split.val[0])];
  label = (label + 1) % 10;  // so that it goes on with fc behind the renaming that it has kept
  r.train.epochs = r.train.patience = 2000;
  std::atomic<bool> stop = false;
  const auto at_the_first_save = [&](power::TimeNs) {
    if (!files().empty()) stop = true;
    return watts_W;
  };
  EXPECT_THROW(run(r, at_the_first_save, stop), Interrupted);
  EXPECT_TRUE(stop) << "there was something to leave";
  EXPECT_THAT(files(), IsEmpty());
}

}  // namespace
}  // namespace tbft
