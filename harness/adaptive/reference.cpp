#include "harness/adaptive/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "harness/adaptive/layer_model.h"
#include "harness/training/indices.h"
#include "results/files.h"
#include "results/text.h"

namespace tbft::adaptive {
namespace {

constexpr std::int64_t least_images = 200;
// A file with more classes was not written by this program and would exhaust the memory.
constexpr std::int64_t most_classes = 10'000;
constexpr std::int64_t most_channels = 10'000;
constexpr std::int64_t most_images = 1'000'000;
// The index of label_shift in sample_statistics.
constexpr std::size_t label_shift_at = 2;
constexpr std::size_t certainty_at = 3;

// The layers on the front block's trunk, and the last layer on the trunk.
std::vector<const LayerMoments*> compared_layers(const Observation& sample) {
  const LayerMoments* last = nullptr;
  for (const auto& layer : sample.layers)
    if (layer.on_trunk) last = &layer;
  std::vector<const LayerMoments*> layers;
  for (const auto& layer : sample.layers)
    if ((layer.block == 0 && layer.on_trunk) || &layer == last) layers.push_back(&layer);
  if (layers.size() < 2)
    throw ReferenceError(
        "a diagnosis compares the inputs of BatchNorm layers at the network's front and rear; this network has none there");
  return layers;
}

std::vector<LayerModel> fit(const Observation& source, std::span<const std::int64_t> predicted) {
  std::vector<LayerModel> models;
  for (const auto* layer : compared_layers(source)) models.push_back(fit_layer(*layer, predicted, source.classes));
  return models;
}

// A sample set with its residuals. The statistics of any sub-sample are sums over them.
class Measured {
 public:
  Measured(const std::vector<LayerModel>& models, const Observation& sample, std::span<const std::int64_t> predicted)
      : sample_(sample), models_(models), certainty_(sample.certainty()) {
    const auto layers = compared_layers(sample);
    if (layers.size() != models.size()) throw ReferenceError("the reference belongs to a network with other layers");
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (layers[l]->name != models[l].name || layers[l]->channels != models[l].channels)
        throw ReferenceError(fmt::format("{} with {} channels: the reference has {} with {}", layers[l]->name,
                                         layers[l]->channels, models[l].name, models[l].channels));
      residuals_.push_back(residuals(models[l], *layers[l], predicted));
    }
  }

  SampleStatistics statistics(std::span<const std::int64_t> images) const {
    double front = 0;
    double front_common = 0;
    double label = 0;
    const auto front_layers = static_cast<double>(models_.size() - 1);
    for (std::size_t l = 0; l < models_.size(); ++l) {
      const auto dimensions = 2 * models_[l].channels;
      const bool is_rear_layer = l + 1 == models_.size();
      const double weight = is_rear_layer ? 1 : 1 / front_layers;
      const double all = weight * shift(residuals_[l], dimensions, images);
      const double common = weight * common_shift(residuals_[l], dimensions, images, sample_.labels);
      label += all - common;
      if (is_rear_layer) continue;
      front += all;
      front_common += common;
    }
    SampleStatistics result{front, front_common, label, 0, 0, 0, 0};
    for (const auto i : images) result[3] += certainty_[at(i)] / static_cast<double>(images.size());
    for (std::size_t block = 0; block < 3; ++block) {
      int layers = 0;
      for (const auto& layer : sample_.layers) {
        if (layer.block != static_cast<int>(block)) continue;
        result[4 + block] += divergence(layer, images);
        ++layers;
      }
      result[4 + block] /= std::max(layers, 1);
    }
    return result;
  }

 private:
  const Observation& sample_;
  const std::vector<LayerModel>& models_;
  std::vector<double> certainty_;
  std::vector<std::vector<double>> residuals_;
};

// Draws n different images. The mixture of classes is uniform over all mixtures (Dirichlet with parameters 1). When a class is
// exhausted, the others take over its part.
std::vector<std::int64_t> draw_mixture(const Observation& from, std::int64_t n, data::Rng& rng) {
  std::vector<double> share;
  for (std::int64_t c = 0; c < from.classes; ++c) share.push_back(-std::log(1 - rng.uniform()));
  // The n smallest of Exp(1) / weight are a weighted draw without replacement (Efraimidis and Spirakis).
  std::vector<std::int64_t> count(at(from.classes));
  for (const auto label : from.labels) ++count[at(label)];
  std::vector<std::pair<double, std::int64_t>> keys;
  for (std::int64_t i = 0; i < from.size(); ++i) {
    const auto label = at(from.labels[at(i)]);
    const double weight = share[label] / static_cast<double>(count[label]);
    keys.emplace_back(-std::log(1 - rng.uniform()) / std::max(weight, 1e-300), i);
  }
  std::ranges::partial_sort(keys, keys.begin() + n);
  std::vector<std::int64_t> drawn;
  for (std::int64_t i = 0; i < n; ++i) drawn.push_back(keys[at(i)].second);
  return drawn;
}

}  // namespace

Reference calibrate(const Observation& source, const std::vector<std::int64_t>& sizes, std::uint64_t seed, int replicates) {
  const std::int64_t largest = sizes.empty() ? 0 : *std::ranges::max_element(sizes);
  if (const auto wanted = std::max(least_images, 3 * largest); source.size() < wanted)
    throw ReferenceError(fmt::format("{} source images; samples of {} need at least {}", source.size(), largest, wanted));
  const auto predicted = source.predicted();
  Reference reference;
  reference.classes = source.classes;
  reference.images = source.size();
  reference.confusion.assign(at(source.classes * source.classes), 0);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    ++reference.confusion[at(source.labels[i] * source.classes + predicted[i])];

  data::Rng rng(seed);
  auto order = count_up(source.size());
  shuffle(order, rng);
  const auto half = static_cast<std::ptrdiff_t>(order.size() / 2);
  const Observation first = subset(source, {order.begin(), order.begin() + half});
  const Observation second = subset(source, {order.begin() + half, order.end()});
  reference.layers = fit(first, first.predicted());
  const Measured measured(reference.layers, second, second.predicted());
  for (const auto n : sizes) {
    SourceRange& range = reference.ranges.emplace_back();
    range.n = n;
    std::vector<SampleStatistics> samples;
    for (int replicate = 0; replicate < replicates; ++replicate) {
      samples.push_back(measured.statistics(draw_mixture(second, n, rng)));
      for (std::size_t s = 0; s < samples.back().size(); ++s) range.values[s].push_back(samples.back()[s]);
    }
    for (auto& values : range.values) std::ranges::sort(values);
    for (const auto& sample : samples) range.content.push_back(range.content_score(sample));
    std::ranges::sort(range.content);
  }
  std::ranges::sort(reference.ranges, {}, &SourceRange::n);
  return reference;
}

double SourceRange::content_score(const SampleStatistics& sample) const {
  const auto deviations = [&](std::size_t s) {
    const auto samples = static_cast<double>(values[s].size());
    const double mean = std::accumulate(values[s].begin(), values[s].end(), 0.0) / samples;
    double squares = 0;
    for (const double value : values[s]) squares += (value - mean) * (value - mean);
    return squares > 0 ? (sample[s] - mean) / std::sqrt(squares / samples) : 0;
  };
  return deviations(label_shift_at) - deviations(certainty_at);
}

SampleStatistics statistics_of(const Reference& reference, const Observation& sample) {
  if (sample.classes != reference.classes)
    throw ReferenceError(fmt::format("the network has {} classes, the reference {}", sample.classes, reference.classes));
  return Measured(reference.layers, sample, sample.predicted()).statistics(count_up(sample.size()));
}

nlohmann::json to_json(const Reference& reference) {
  nlohmann::json layers = nlohmann::json::array();
  for (const auto& layer : reference.layers)
    layers.push_back({{"name", layer.name},
                      {"channels", layer.channels},
                      {"scale", layer.scale},
                      {"mean", layer.mean},
                      {"whitening", layer.whitening}});
  nlohmann::json ranges = nlohmann::json::array();
  for (const auto& range : reference.ranges) {
    nlohmann::json values{{"n", range.n}, {"content", range.content}};
    for (std::size_t s = 0; s < sample_statistics.size(); ++s) values[sample_statistics[s]] = range.values[s];
    ranges.push_back(values);
  }
  return {{"format", "tbft diagnosis reference 2"},
          {"checkpoint_sha256", reference.checkpoint_sha256},
          {"source", reference.source},
          {"class_names", reference.class_names},
          {"classes", reference.classes},
          {"images", reference.images},
          {"confusion", reference.confusion},
          {"layers", layers},
          {"ranges", ranges}};
}

Reference reference_from_json(const nlohmann::json& json) {
  try {
    if (json.at("format") != "tbft diagnosis reference 2") throw ReferenceError("the file has another format");
    Reference reference;
    json.at("checkpoint_sha256").get_to(reference.checkpoint_sha256);
    json.at("source").get_to(reference.source);
    json.at("classes").get_to(reference.classes);
    json.at("images").get_to(reference.images);
    json.at("confusion").get_to(reference.confusion);
    if (json.contains("class_names")) json.at("class_names").get_to(reference.class_names);  // absent in older files
    if (!reference.class_names.empty() && std::ssize(reference.class_names) != reference.classes)
      throw ReferenceError(fmt::format("{} class names for {} classes", reference.class_names.size(), reference.classes));
    if (reference.classes < 1 || reference.classes > most_classes)
      throw ReferenceError(fmt::format("{} classes; 1 to {} are possible", reference.classes, most_classes));
    for (const auto& layer : json.at("layers")) {
      const LayerModel& model = reference.layers.emplace_back(
          LayerModel{layer.at("name"), layer.at("channels"), layer.at("scale"), layer.at("mean"), layer.at("whitening")});
      const auto d = at(model.channels) * 2;
      if (model.channels < 1 || model.channels > most_channels || model.scale.size() != d ||
          model.mean.size() != d * at(reference.classes) || model.whitening.size() != d * (d + 1) / 2)
        throw ReferenceError(fmt::format("layer {} does not have the numbers of {} channels", model.name, model.channels));
    }
    for (const auto& values : json.at("ranges")) {
      SourceRange& range = reference.ranges.emplace_back();
      values.at("n").get_to(range.n);
      values.at("content").get_to(range.content);
      if (range.n < 2 || (reference.ranges.size() > 1 && range.n <= reference.ranges[reference.ranges.size() - 2].n))
        throw ReferenceError(
            fmt::format("samples of n = {}: sizes from 2 on are expected, each larger than the one before", range.n));
      if (range.content.empty() || !std::ranges::is_sorted(range.content))
        throw ReferenceError(fmt::format("content of n = {} is empty or not sorted", range.n));
      for (std::size_t s = 0; s < sample_statistics.size(); ++s) {
        values.at(sample_statistics[s]).get_to(range.values[s]);
        if (range.values[s].empty() || !std::ranges::is_sorted(range.values[s]))
          throw ReferenceError(fmt::format("{} of n = {} is empty or not sorted", sample_statistics[s], range.n));
      }
    }
    if (reference.confusion.size() != at(reference.classes * reference.classes) ||
        std::ranges::any_of(reference.confusion, [](auto count) { return count < 0 || count > most_images; }) ||
        std::accumulate(reference.confusion.begin(), reference.confusion.end(), std::int64_t{0}) != reference.images ||
        reference.images < 1 || reference.layers.size() < 2 || reference.ranges.empty())
      throw ReferenceError("classes, confusion, layers and ranges do not fit together");
    return reference;
  } catch (const nlohmann::json::exception& error) {
    throw ReferenceError(fmt::format("not a reference of `tbft diagnose --save-reference`: {}", results::error_text(error)));
  }
}

void write_reference(const std::filesystem::path& path, const Reference& reference) {
  const auto text = to_json(reference).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (text.size() > most_reference_bytes) {
    constexpr double MB = 1e6;
    const auto& widest = *std::ranges::max_element(reference.layers, {}, &LayerModel::channels);
    throw ReferenceError(fmt::format(
        "{}: not written: a reference of {} classes and of {} channels ({}) has {:.0f} MB, at most {:.0f} MB can be read; "
        "diagnose with --source and without a reference",
        path.string(), reference.classes, widest.channels, widest.name, static_cast<double>(text.size()) / MB,
        static_cast<double>(most_reference_bytes) / MB));
  }
  results::write_file_atomically(path, text);
}

Reference read_reference(const std::filesystem::path& path, const std::string& checkpoint_sha256) {
  const auto json = nlohmann::json::parse(results::read_file(path, most_reference_bytes), nullptr, /*allow_exceptions=*/false);
  try {
    auto reference = reference_from_json(json);
    if (reference.checkpoint_sha256 != checkpoint_sha256)
      throw ReferenceError("made with another checkpoint; make it again with tbft diagnose --source and --save-reference");
    return reference;
  } catch (const ReferenceError& error) {
    throw ReferenceError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace tbft::adaptive
