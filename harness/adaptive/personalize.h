// Adapts a base model to a few labelled images of the target: diagnosis, choice, tuning, and a test on images kept apart, with
// the joules of each. Only the validation images select the epoch, the candidate and the end of the search. The images kept
// apart select nothing. No torch here.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

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

// Divides n labelled images by `seed`: a fraction `holdout` is kept apart, a fifth of the rest is for validation. For a
// separate test set pass a holdout of 0 and set `test` afterwards. Throws DataError if a part would be empty.
data::Split personal_split(std::int64_t n, double holdout, std::uint32_t seed);

struct PersonalizeRequest {
  data::Images images;
  data::Split split;                 // test: the images kept apart
  TrainSettings train;               // except the learning rate
  std::map<std::string, double> lr;  // learning rate by strategy, and "default"
  adaptive::Reference reference;
  std::optional<double> budget_J;             // gross joules from the start of the diagnosis on
  std::optional<double> target_accuracy_pct;  // more candidates are tried until this percentage of validation images is correct
  std::int64_t tries = 2;                     // maximal number of candidates that are tuned
  double idle_s = 0;                          // an idle window before and one after
  bool dry_run = false;                       // tune nothing
  std::filesystem::path output;               // for the adapted weights, which are written only if they beat the base model
};

// A candidate: its predicted cost and its outcome.
struct Attempt {
  adaptive::Candidate candidate;
  double predicted_s = 0, predicted_J = 0;  // for all epochs; joules are NaN if the power is unknown
  std::string skipped;                      // the reason why it was not tuned
  std::optional<TrainResult> result;        // its test images are the validation images
  power::Energy tuning;                     // for training and validation
  double predicted_done_J = 0;              // for the epochs that were run
};

// The result of the chosen attempt on the images kept apart.
struct Test {
  std::int64_t correct = 0;
  std::int64_t better = 0, worse = 0;  // images that only it, or only the base model, classifies correctly
  double p = 1;                        // one-sided sign test
};

struct Personalized {
  adaptive::Diagnosis diagnosis;
  adaptive::StepModel model;
  std::int64_t n_test = 0, base_correct = 0;
  std::int64_t n_val = 0, base_val_correct = 0;
  double base_val_loss = 0;
  std::vector<Attempt> attempts;      // in the order in which they are tried
  std::optional<std::size_t> chosen;  // the best attempt on the validation images, if it is better than the base model
  std::optional<Test> test;           // of the chosen attempt
  bool kept = false;                  // whether its weights were written
  std::string verdict;                // a sentence for the user
  bool as_asked = true;  // false if the budget allowed no attempt or was exceeded, the target was missed, or all diverged
  power::Energy diagnosing, calibrating, base_test, all;
  power::NetEnergy net;  // of `all`

  double pct() const {
    return 100.0 * static_cast<double>(test->correct) / static_cast<double>(n_test);
  }  // of the chosen attempt
  double base_pct() const { return 100.0 * static_cast<double>(base_correct) / static_cast<double>(n_test); }
};

// The chosen attempt must beat the base model with a p below this. It is the only one tested, so that no correction is needed.
inline constexpr double beyond_noise_p = 0.05;

// `clock`, which the monitor also uses, times steps and idle windows. Throws Interrupted if the user stops it, data::DataError
// if images and network do not fit.
Personalized personalize(Trainer& trainer, power::Monitor& monitor, power::Clock& clock, const PersonalizeRequest& request,
                         Console& console, const std::atomic<bool>& stop);

// Compares an outcome with the base model, image by image.
Test compare(const std::vector<bool>& correct, const std::vector<bool>& base);
// Sets verdict and as_asked after `tried` attempts. The chosen one, if any, has been tested.
void conclude(Personalized& outcome, const PersonalizeRequest& request, std::int64_t tried);
// If the target accuracy or the budget was missed, adds that to the verdict and sets as_asked to false.
void compare_with_target(Personalized& outcome, const PersonalizeRequest& request, double reached_pct);
void compare_with_budget(Personalized& outcome, const PersonalizeRequest& request);

// Why the candidate that was chosen (or, before anything is tuned, the first one) is not the paper's block for the diagnosed
// level: one sentence. Empty if it is that block.
std::string why_not_the_papers(const Personalized& outcome);

// The outcome as text, and as JSON for the record.
std::string to_text(const Personalized& outcome, const PersonalizeRequest& request);
nlohmann::ordered_json to_json(const Personalized& outcome, const PersonalizeRequest& request);

}  // namespace tbft
