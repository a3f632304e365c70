#include "harness/adaptive/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>

#include "harness/training/indices.h"

namespace tbft::adaptive {
namespace {

constexpr std::int64_t least_images = 10;
// The significance level of each test on data without drift; three such tests keep the false alarms below 5 %.
constexpr double alpha = 0.01;
// The significance level of evidence that only supports an alarm of another test.
constexpr double supporting_alpha = 0.05;
// When two tests are combined, each must have a p below this.
constexpr double combined_p = 0.1;
constexpr double map_z = 3;
// The loss of accuracy that the sample must be able to detect before the answer is "none".
constexpr double detectable_loss = 0.15;
constexpr int replicates = 400;

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(std::lround(q * static_cast<double>(sorted.size() - 1)))];
}

Evidence make_evidence(std::string_view name, double value, const std::vector<double>& sorted) {
  const auto below = std::ranges::upper_bound(sorted, value) - sorted.begin();
  const auto above = sorted.end() - std::ranges::lower_bound(sorted, value);
  const auto all = static_cast<double>(sorted.size()) + 1;
  return {name,
          value,
          quantile(sorted, alpha),
          quantile(sorted, 1 - alpha),
          static_cast<double>(below + 1) / all,
          static_cast<double>(above + 1) / all};
}

// Predictions of the source model for given labels: a fresh bootstrap of the source's images, then one of them for each label.
class SourceOutcomes {
 public:
  SourceOutcomes(const Reference& reference, std::uint64_t seed) : reference_(reference), rng_(seed, 2, 0) {}

  std::vector<std::int64_t> draw(std::span<const std::int64_t> labels) {
    const auto classes = at(reference_.classes);
    std::vector<std::vector<std::int64_t>> rows(classes);
    std::int64_t right = 0;
    for (std::size_t label = 0; label < classes; ++label) {
      std::vector<std::int64_t> images;
      for (std::size_t c = 0; c < classes; ++c)
        images.insert(images.end(), at(reference_.confusion[label * classes + c]), static_cast<std::int64_t>(c));
      right += reference_.confusion[label * classes + label];
      for (std::size_t i = 0; i < images.size(); ++i) rows[label].push_back(images[draw_index(images.size())]);
    }
    const double accuracy = static_cast<double>(right) / static_cast<double>(reference_.images);
    std::vector<std::int64_t> predicted;
    for (const auto label : labels) {
      const auto& row = rows[at(label)];
      // A label without source images: correct with the source's overall accuracy, otherwise a random class.
      if (row.empty())
        predicted.push_back(rng_.uniform() < accuracy ? label : static_cast<std::int64_t>(draw_index(classes)));
      else
        predicted.push_back(row[draw_index(row.size())]);
    }
    return predicted;
  }

 private:
  std::size_t draw_index(std::size_t n) { return at(rng_.below(static_cast<int>(n))); }
  const Reference& reference_;
  data::Rng rng_;
};

std::vector<Evidence> label_evidence(const Reference& reference, std::span<const std::int64_t> predicted,
                                     std::span<const std::int64_t> labels, std::uint64_t seed, Diagnosis& diagnosis,
                                     double& power) {
  const auto classes = reference.classes;
  std::array<std::vector<double>, 4> source;
  SourceOutcomes outcomes(reference, seed);
  for (int replicate = 0; replicate < replicates; ++replicate) {
    const auto drawn = outcomes.draw(labels);
    const auto key = seed + static_cast<std::uint64_t>(replicate);
    const auto strict = cross_fit(drawn, labels, classes, MapKind::one_to_one, key);
    source[0].push_back(strict.accuracy);
    source[2].push_back(strict.gain());
    source[3].push_back(cross_fit(drawn, labels, classes, MapKind::free, key).gain());
    // The purity of renamed labels: each label becomes its successor, so that ties do not favour the true map.
    std::vector<std::int64_t> renamed;
    for (const auto label : labels) renamed.push_back((label + 1) % classes);
    source[1].push_back(cross_fit(drawn, renamed, classes, MapKind::one_to_one, key).purity);
  }
  for (auto& values : source) std::ranges::sort(values);
  const auto strict = cross_fit(predicted, labels, classes, MapKind::one_to_one, seed);
  const auto free_map = cross_fit(predicted, labels, classes, MapKind::free, seed);
  diagnosis.gain_z = strict.z;
  std::vector<Evidence> evidence{
      make_evidence("accuracy", strict.accuracy, source[0]), make_evidence("purity", strict.purity, source[1]),
      make_evidence("purity_gain", strict.gain(), source[2]), make_evidence("free_gain", free_map.gain(), source[3])};
  const double threshold = evidence[0].low;
  power = static_cast<double>(
              std::ranges::count_if(source[0], [&](double accuracy) { return accuracy - detectable_loss < threshold; })) /
          replicates;
  return evidence;
}

// Fisher's combination of two independent tests: -2 ln(p q) follows chi-squared with four degrees of freedom.
double fisher_p(double p, double q) {
  return p * q * (1 - std::log(p * q));
}

void decide(const Reference& reference, double power, Diagnosis& d) {
  const Evidence& accuracy = d.of("accuracy");
  const Evidence& front = d.of("front_shift");
  const Evidence& common = d.of("front_common");
  const Evidence& label = d.of("label_shift");
  const Evidence& gain = d.of("purity_gain");
  const Evidence& free_gain = d.of("free_gain");
  const double accuracy_p = accuracy.p_low;
  const bool inaccurate = accuracy_p < alpha;
  const bool front_moved = front.p_high < alpha;
  const bool input = common.p_high < alpha && common.value - label.value > label.high;
  const bool output = gain.p_high < alpha && d.gain_z > map_z;
  const double content_p = d.of("content").p_high;
  const bool new_content = content_p < supporting_alpha;

  const auto name = [&](Level level, double p) {
    d.level = level;
    d.confidence = 1 - p;
  };
  if (input) {
    if (output) {
      name(Level::mixture, std::max(common.p_high, gain.p_high));
      d.parts = {Level::input, Level::output};
      return;
    }
    name(Level::input, common.p_high);
    if (!inaccurate) d.doubts.emplace_back("the accuracy is within the source's range: the drift costs little or no accuracy");
    return;
  }
  if (front_moved) d.doubts.emplace_back("the front shift is no larger than new content causes");
  if (d.labels_seen < 2 || 2 * d.labels_seen < reference.classes) {
    d.doubts.push_back(
        fmt::format("the labels cover {} of {} classes: too few to identify the drift", d.labels_seen, reference.classes));
    return;
  }
  if (output) {
    name(Level::output, gain.p_high);
    if (d.of("purity").p_low < alpha) {
      if (new_content) {
        name(Level::mixture, std::max(gain.p_high, content_p));
        d.parts = {Level::feature, Level::output};
      } else {
        d.doubts.emplace_back("after the best map more errors remain than with renamed labels: some labels may be wrong");
      }
    }
    return;
  }
  // Two weak tests may be significant together although neither is alone.
  if (std::max(accuracy_p, content_p) < combined_p && fisher_p(accuracy_p, content_p) < alpha) {
    name(Level::feature, fisher_p(accuracy_p, content_p));
    return;
  }
  if (!inaccurate) {
    // A sample that could not reveal even a large loss is no evidence of "none".
    if (power >= 0.5)
      name(Level::none, 1 - power);
    else
      d.doubts.push_back(
          fmt::format("no drift was detected, but only {:.0f} % of such samples would reveal a loss of {:.0f} points",
                      100 * power, 100 * detectable_loss));
    return;
  }
  if (free_gain.p_high < alpha && free_gain.value > 0 && accuracy.value + free_gain.value >= accuracy.low) {
    name(Level::output, std::max(accuracy_p, free_gain.p_high));
    d.doubts.emplace_back(d.one_to_one ? "the gain of a one-to-one map is within three standard errors"
                                       : "no one-to-one map explains the drift, but one that merges labels does");
    return;
  }
  if (new_content) {
    name(Level::feature, std::max(accuracy_p, content_p));
    return;
  }
  d.doubts.emplace_back("the images resemble the source's and the model is certain of its errors: some labels may be wrong");
}

}  // namespace

std::string_view to_string(Level level) {
  constexpr std::array names{"none", "input", "feature", "output", "mixture", "unsure"};
  return names.at(static_cast<std::size_t>(level));
}

std::string suggested_strategy(const Diagnosis& diagnosis) {
  const std::array<std::string, 6> names{"none", diagnosis.front, diagnosis.middle, "fc", "full", ""};
  return names.at(static_cast<std::size_t>(diagnosis.level));
}

const Evidence& Diagnosis::of(std::string_view name) const {
  const auto found = std::ranges::find(evidence, name, &Evidence::name);
  if (found == evidence.end()) throw std::out_of_range(fmt::format("no evidence named {}", name));
  return *found;
}

Diagnosis diagnose(const Reference& reference, const Observation& target, std::uint64_t seed) {
  Diagnosis diagnosis;
  if (target.blocks.size() > 1) {
    diagnosis.front = target.blocks.front();
    diagnosis.middle = target.blocks[target.blocks.size() - 2];
  }
  const SourceRange* range = nullptr;
  for (const auto& candidate : reference.ranges)
    if (candidate.n <= target.size()) range = &candidate;
  if (target.size() < least_images || range == nullptr) {
    diagnosis.n = target.size();
    diagnosis.doubts.push_back(fmt::format("{} images; a diagnosis needs at least {}", target.size(),
                                           std::max(least_images, reference.ranges.front().n)));
    return diagnosis;
  }
  auto chosen = count_up(target.size());
  if (range->n < target.size()) {
    data::Rng rng(seed, 3, 0);
    shuffle(chosen, rng);
    chosen.resize(at(range->n));
    diagnosis.doubts.push_back(
        fmt::format("{} of {} images were used, because the reference has samples of that size", range->n, target.size()));
  }
  const Observation sample = subset(target, chosen);
  diagnosis.n = sample.size();
  auto labels = sample.labels;
  std::ranges::sort(labels);
  diagnosis.labels_seen = std::unique(labels.begin(), labels.end()) - labels.begin();

  const auto statistics = statistics_of(reference, sample);
  double power = 0;
  diagnosis.evidence = label_evidence(reference, sample.predicted(), sample.labels, seed, diagnosis, power);
  for (std::size_t s = 0; s < sample_statistics.size(); ++s)
    diagnosis.evidence.push_back(make_evidence(sample_statistics[s], statistics[s], range->values[s]));
  diagnosis.evidence.push_back(make_evidence("content", range->content_score(statistics), range->content));
  diagnosis.common_share = statistics[0] > 0 ? statistics[1] / statistics[0] : std::numeric_limits<double>::quiet_NaN();
  if (diagnosis.n < 50)
    diagnosis.doubts.push_back(fmt::format("{} images do not reveal small drifts; 100 are better", diagnosis.n));
  if (diagnosis.labels_seen < reference.classes)
    diagnosis.doubts.push_back(
        fmt::format("the sample has labels of {} of {} classes", diagnosis.labels_seen, reference.classes));
  diagnosis.one_to_one =
      find_relabelling(sample.predicted(), sample.labels, reference.classes, seed).kind == MapKind::one_to_one;
  decide(reference, power, diagnosis);
  return diagnosis;
}

}  // namespace tbft::adaptive
