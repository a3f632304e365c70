// Text, JSON and verdict of `tbft personalize`.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/adaptive/diagnosis.h"
#include "harness/adaptive/personalize.h"
#include "harness/measurement/energy_row.h"
#include "harness/measurement/energy_text.h"
#include "results/rank_tests.h"

namespace tbft {
namespace {

using nlohmann::ordered_json;

double percent(std::int64_t correct, std::int64_t n) {
  return 100.0 * static_cast<double>(correct) / static_cast<double>(n);
}

// The error of the predicted joules in percent; NaN if either value is unknown.
double error_pct(const Attempt& attempt) {
  return attempt.tuning.valid ? 100 * (attempt.predicted_done_J / attempt.tuning.energy_J - 1) : attempt.tuning.energy_J;
}

std::string joules(const power::Energy& energy) {
  return energy.valid ? fmt::format("{:.4g} J{}", energy.energy_J, plus_minus(energy.U_J, energy.U_random_J))
                      : "unknown joules: " + energy.reason;
}

std::string line_of(const Attempt& attempt) {
  const auto name = attempt.candidate.strategy;
  if (!attempt.result) return fmt::format("  {:<10} {}\n", name, attempt.skipped.empty() ? "not tried" : attempt.skipped);
  const auto& result = *attempt.result;
  std::string text = fmt::format("  {:<10} {} of {} validation images correct ({:.1f} %), loss {:.3g}\n", name, result.correct,
                                 result.n_test, percent(result.correct, result.n_test), result.val_loss);
  text += fmt::format("  {:<10} {} epochs, {}", "", result.epochs, joules(attempt.tuning));
  if (std::isfinite(error_pct(attempt)))
    text += fmt::format(" (predicted {:.3g} J, {:+.0f} %)", attempt.predicted_done_J, error_pct(attempt));
  return text + "\n";
}

ordered_json energy_json(const power::Energy& energy) {
  return {{"gross_J", energy.energy_J},      {"U_gross_J", energy.U_J}, {"U_random_gross_J", energy.U_random_J},
          {"duration_s", energy.duration_s}, {"valid", energy.valid},   {"reason", energy.reason}};
}

ordered_json attempt_json(const Attempt& attempt) {
  ordered_json json{{"strategy", attempt.candidate.strategy},
                    {"why", attempt.candidate.why},
                    {"predicted_s", attempt.predicted_s},
                    {"predicted_J", attempt.predicted_J},
                    {"skipped", attempt.skipped}};
  if (!attempt.result) return json;
  const auto& result = *attempt.result;
  json["epochs"] = result.epochs;
  json["steps"] = result.steps;
  json["lr"] = result.lr;
  json["val_correct"] = result.correct;
  json["val_accuracy_pct"] = percent(result.correct, result.n_test);
  json["val_loss"] = result.val_loss;
  json["tuning"] = energy_json(attempt.tuning);
  json["predicted_done_J"] = attempt.predicted_done_J;
  json["prediction_error_pct"] = error_pct(attempt);
  return json;
}

// How the paper's block fared beside the chosen candidate, where it was a candidate too.
std::string papers_outcome(const Personalized& outcome, std::string_view papers) {
  const auto own = std::ranges::find(outcome.attempts, papers, [](const Attempt& a) { return a.candidate.strategy; });
  if (own == outcome.attempts.end()) return "";
  if (own->result)
    return fmt::format("; {} had {} of {} validation images correct, loss {:.3g}", papers, own->result->correct,
                       own->result->n_test, own->result->val_loss);
  return own->skipped.empty() ? "" : fmt::format("; {} was not tuned: {}", papers, own->skipped);
}

}  // namespace

std::string why_not_the_papers(const Personalized& outcome) {
  const bool tuned_for_nothing = outcome.n_test > 0 && !outcome.chosen;
  if (outcome.attempts.empty() || tuned_for_nothing) return "";
  const auto& candidate = outcome.attempts[outcome.chosen.value_or(0)].candidate;
  const std::string papers = adaptive::suggested_strategy(outcome.diagnosis);
  if (papers == candidate.strategy || papers == "none") return "";
  if (papers.empty() || outcome.diagnosis.level == adaptive::Level::mixture)
    return fmt::format("the paper names no block for this drift; {}: {}", candidate.strategy, candidate.why);
  return fmt::format("{} and not the paper's {}: {}{}", candidate.strategy, papers, candidate.why,
                     papers_outcome(outcome, papers));
}

Test compare(const std::vector<bool>& correct, const std::vector<bool>& base) {
  Test test;
  for (std::size_t i = 0; i < base.size(); ++i) {
    test.correct += correct[i] ? 1 : 0;
    test.better += correct[i] && !base[i] ? 1 : 0;
    test.worse += !correct[i] && base[i] ? 1 : 0;
  }
  test.p = results::sign_p(test.better, test.worse);
  return test;
}

void conclude(Personalized& outcome, const PersonalizeRequest& request, std::int64_t tried) {
  if (tried == 0) {
    outcome.verdict = fmt::format("refused: {}; the base model is left unchanged", outcome.attempts.front().skipped);
    outcome.as_asked = false;
    return;
  }
  if (outcome.kept) {
    outcome.verdict =
        fmt::format("{}: {:.1f} % of {} images kept apart, the base model {:.1f} %",
                    outcome.attempts[*outcome.chosen].candidate.strategy, outcome.pct(), outcome.n_test, outcome.base_pct());
    return compare_with_target(outcome, request, outcome.pct());
  }
  if (outcome.chosen) {
    outcome.verdict = fmt::format(
        "{} did not beat the base model beyond the noise (p = {:.2g}, required below {}, on {} images kept apart): it is "
        "left unchanged. More labelled images, or --test DATASET, reveal smaller gains",
        outcome.attempts[*outcome.chosen].candidate.strategy, outcome.test->p, beyond_noise_p, outcome.n_test);
  } else if (std::ranges::none_of(outcome.attempts, [](const Attempt& attempt) { return attempt.result.has_value(); })) {
    outcome.verdict = "every attempt diverged: the base model is left unchanged; lower --lr";
    outcome.as_asked = false;
  } else {
    outcome.verdict = fmt::format(
        "no candidate was better than the base model on the {} validation images: it is left unchanged. More labelled images "
        "reveal smaller gains",
        outcome.n_val);
  }
  compare_with_target(outcome, request, outcome.base_pct());
}

void compare_with_target(Personalized& outcome, const PersonalizeRequest& request, double reached_pct) {
  if (!request.target_accuracy_pct || reached_pct >= *request.target_accuracy_pct) return;
  outcome.verdict += fmt::format("; the target of {:.4g} % was not reached", *request.target_accuracy_pct);
  outcome.as_asked = false;
}

void compare_with_budget(Personalized& outcome, const PersonalizeRequest& request) {
  const auto& all = outcome.all;
  if (!request.budget_J || !outcome.as_asked || (all.valid && all.energy_J <= *request.budget_J)) return;
  outcome.verdict += all.valid ? fmt::format("; {:.4g} J were spent, the budget was {:.4g} J", all.energy_J, *request.budget_J)
                               : "; it is unknown whether the budget was kept";
  outcome.as_asked = false;
}

std::string to_text(const Personalized& outcome, const PersonalizeRequest& request) {
  std::string text = fmt::format("sample: {} images to train on, {} to validate, {} kept apart\n\n", request.split.train.size(),
                                 request.split.val.size(), request.split.test.size());
  text += adaptive::to_text(outcome.diagnosis);
  text += fmt::format("\ncandidates, tuned through {} epochs (steps timed on this board, fitted within {:.1f} %)\n",
                      request.train.epochs, 100 * outcome.model.relative_error);
  if (outcome.attempts.empty()) text += "  none\n";
  for (const auto& attempt : outcome.attempts)
    text += fmt::format("  {:<10} {}, {:.3g} s: {}\n", attempt.candidate.strategy,
                        std::isfinite(attempt.predicted_J) ? fmt::format("{:.3g} J", attempt.predicted_J) : "unknown joules",
                        attempt.predicted_s, attempt.candidate.why);
  if (const auto why = why_not_the_papers(outcome); !why.empty()) text += why + "\n";
  if (outcome.n_test > 0) {
    text += fmt::format("\n  {:<10} {} of {} validation images correct ({:.1f} %), loss {:.3g}\n", "base model",
                        outcome.base_val_correct, outcome.n_val, percent(outcome.base_val_correct, outcome.n_val),
                        outcome.base_val_loss);
    for (const auto& attempt : outcome.attempts) text += line_of(attempt);
    text += fmt::format("\nimages kept apart (not used for any choice):\n  {:<10} {} of {} correct ({:.1f} %)\n", "base model",
                        outcome.base_correct, outcome.n_test, outcome.base_pct());
    if (outcome.test)
      text += fmt::format("  {:<10} {} of {} correct ({:.1f} %): {} better, {} worse than the base, p = {:.2g}\n",
                          outcome.attempts[*outcome.chosen].candidate.strategy, outcome.test->correct, outcome.n_test,
                          outcome.pct(), outcome.test->better, outcome.test->worse, outcome.test->p);
  }
  text += fmt::format("\n{}\n\ntotal, including diagnosis {} and calibration {}\n", outcome.verdict, joules(outcome.diagnosing),
                      joules(outcome.calibrating));
  if (request.budget_J && outcome.all.valid)
    text += fmt::format("budget    {:.4g} of {:.4g} J spent\n", outcome.all.energy_J, *request.budget_J);
  return text + energy_text(outcome.all, outcome.net);
}

ordered_json to_json(const Personalized& outcome, const PersonalizeRequest& request) {
  auto attempts = ordered_json::array();
  for (const auto& attempt : outcome.attempts) attempts.push_back(attempt_json(attempt));
  if (outcome.test) {  // only this attempt was tested
    auto& json = attempts[*outcome.chosen];
    json["correct"] = outcome.test->correct;
    json["accuracy_pct"] = outcome.pct();
    json["better"] = outcome.test->better;
    json["worse"] = outcome.test->worse;
    json["p"] = outcome.test->p;
  }
  ordered_json json{{"n_train", request.split.train.size()},
                    {"n_val", request.split.val.size()},
                    {"n_test", request.split.test.size()},
                    {"diagnosis", adaptive::to_json(outcome.diagnosis)},
                    {"step_model", adaptive::to_json(outcome.model)},
                    {"base", nullptr},
                    {"attempts", attempts},
                    {"chosen", nullptr},
                    {"kept", nullptr},
                    {"verdict", outcome.verdict},
                    {"as_asked", outcome.as_asked},
                    {"budget_J", nullptr},
                    {"target_accuracy_pct", nullptr},
                    {"energy",
                     {{"all", energy_json(outcome.all)},
                      {"diagnosis", energy_json(outcome.diagnosing)},
                      {"calibration", energy_json(outcome.calibrating)}}}};
  if (outcome.n_test > 0) {
    json["base"] = {{"correct", outcome.base_correct},
                    {"accuracy_pct", outcome.base_pct()},
                    {"val_correct", outcome.base_val_correct},
                    {"val_loss", outcome.base_val_loss}};
    json["energy"]["base_test"] = energy_json(outcome.base_test);
  }
  if (outcome.chosen) json["chosen"] = outcome.attempts[*outcome.chosen].candidate.strategy;
  if (outcome.kept) json["kept"] = json["chosen"];
  if (request.budget_J) json["budget_J"] = *request.budget_J;
  if (request.target_accuracy_pct) json["target_accuracy_pct"] = *request.target_accuracy_pct;
  if (known(outcome.net.net_J)) {
    json["energy"]["all"]["idle_W"] = outcome.net.idle_W;
    json["energy"]["all"]["net_J"] = outcome.net.net_J;
    if (known(outcome.net.U_net_J)) json["energy"]["all"]["U_net_J"] = outcome.net.U_net_J;
  }
  return json;
}

}  // namespace tbft
