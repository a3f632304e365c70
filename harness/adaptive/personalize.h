// From a base model and a few labelled images of the target to an adapted model: diagnosis, choice, tuning, a test on images
// kept apart, and the joules of each. The images kept apart choose nothing: not the epoch, not the candidate, not when to stop.
// Validation images do. No torch here.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/adaptive/choice.h"
#include "harness/adaptive/diagnosis.h"
#include "harness/adaptive/reference.h"
#include "harness/adaptive/step_model.h"
#include "harness/data/dataset.h"
#include "harness/data/split.h"
#include "harness/host/console.h"
#include "harness/training/trainer.h"
#include "tbft/power/clock.h"
#include "tbft/power/energy.h"
#include "tbft/power/monitor.h"

namespace tbft {

// The labelled images, divided by `seed`: of n, `holdout` of all are kept apart, a fifth of the rest validates. With a set of
// its own to test on, give a holdout of 0 and set `test` afterwards. Throws DataError where a part would be empty.
data::Split personal_split(std::int64_t n, double holdout, std::uint32_t seed);

struct PersonalizeRequest {
  data::Images images;
  data::Split split;                 // test: the images kept apart
  TrainSettings train;               // but for the learning rate
  std::map<std::string, double> lr;  // by strategy, and "default"
  adaptive::Reference reference;
  std::optional<double> budget_J;             // gross, of everything from the diagnosis on
  std::optional<double> target_accuracy_pct;  // further candidates are tried until as many validation images are right
  std::int64_t tries = 2;                     // candidates that may be tuned
  double idle_s = 0;                          // a window before and after
  bool dry_run = false;                       // nothing is tuned
  std::filesystem::path output;               // of the adapted weights; written only where they beat the base
};

// A candidate: what it should cost, and what came of it.
struct Attempt {
  adaptive::Candidate candidate;
  double predicted_s = 0, predicted_J = 0;  // of tuning through all epochs; joules NaN where the power is not known
  std::string skipped;                      // why it was not tuned
  std::optional<TrainResult> result;        // its test images are those of the validation
  power::Energy tuning;                     // training and validation
  double predicted_done_J = 0;              // of the epochs that it took
};

// The chosen attempt on the images kept apart.
struct Test {
  std::int64_t correct = 0;
  std::int64_t better = 0, worse = 0;  // images that the base had wrong, right, and it the other way
  double p = 1;                        // one-sided sign test
};

struct Personalized {
  adaptive::Diagnosis diagnosis;
  adaptive::StepModel model;
  std::int64_t n_test = 0, base_correct = 0;
  std::int64_t n_val = 0, base_val_correct = 0;
  double base_val_loss = 0;
  std::vector<Attempt> attempts;      // in the order in which they would be tried
  std::optional<std::size_t> chosen;  // the best attempt by the validation images, where it is better than the base
  std::optional<Test> test;           // of the chosen one
  bool kept = false;                  // whether its weights were written
  std::string verdict;                // a sentence
  bool as_asked = true;               // the budget sufficed for an attempt, the target accuracy was reached
  power::Energy looking, calibrating, base_test, all;
  power::NetEnergy net;  // of `all`

  double pct() const { return 100.0 * static_cast<double>(test->correct) / static_cast<double>(n_test); }  // of the chosen one
  double base_pct() const { return 100.0 * static_cast<double>(base_correct) / static_cast<double>(n_test); }
};

// The chosen attempt beats the base where its p is below this. It alone is tested, so that there is nothing to correct for.
inline constexpr double beyond_noise_p = 0.05;

// `clock`, which the monitor reads, times steps and idle windows. Throws Interrupted where the user stops it, data::DataError
// where images and network differ.
Personalized personalize(Trainer& trainer, power::Monitor& monitor, power::Clock& clock, const PersonalizeRequest& request,
                         Console& console, const std::atomic<bool>& stop);

// How an outcome differs from the base, image by image.
Test compare(const std::vector<bool>& correct, const std::vector<bool>& base);
// Sets verdict and as_asked after `tried` attempts, of which the chosen one was tested.
void conclude(Personalized& outcome, const PersonalizeRequest& request, std::int64_t tried);
// Where the target accuracy or the budget was missed, the verdict says so and as_asked becomes false.
void compare_with_target(Personalized& outcome, const PersonalizeRequest& request, double reached_pct);
void compare_with_budget(Personalized& outcome, const PersonalizeRequest& request);

// For people, and the record.
std::string to_text(const Personalized& outcome, const PersonalizeRequest& request);
nlohmann::ordered_json to_json(const Personalized& outcome, const PersonalizeRequest& request);

}  // namespace tbft
