// Named drifts on any labelled data set.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <limits>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "harness/data/corruption/corruption.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"
#include "harness/data/split.h"
#include "harness/host/edit_distance.h"

namespace tbft::data {
namespace {

constexpr std::string_view undrifted = "none";
constexpr std::array<std::string_view, 3> levels{"input", "feature", "output"};
const std::vector<std::string_view> own_params{"condition", "seed", "frost"};

struct Form;
struct Part {
  std::string text;  // "swap-0-1"
  const Form* form = nullptr;
  std::vector<std::int64_t> numbers;
};

// Seed and pictures of the stochastic corruptions.
struct Draw {
  std::uint64_t seed = 0;
  std::string frost_folder;
};

// One form of a part: a name, then its whole numbers, each after a '-'. Two numbers must be in ascending order.
struct Form {
  std::string_view text, name;  // `name` is empty for corruptions, which have names of their own
  std::string_view level;
  std::size_t numbers;
  std::int64_t low, high;
  std::string_view takes;
  void (*apply)(Images& images, const Part& part, const Draw& draw);
};

template <typename Change>
void change_pixels(Images& images, Change change) {
  std::uint8_t* const pixels = images.pixels.owned().data();
  cv::parallel_for_(cv::Range(0, static_cast<int>(images.size())), [&](const cv::Range& range) {
    for (int i = range.start; i < range.end; ++i) {
      cv::Mat rgb(static_cast<int>(images.height), static_cast<int>(images.width), CV_8UC3,
                  pixels + i * images.bytes_per_image());
      change(rgb);
    }
  });
}

std::int64_t classes_of(const Images& images) {
  return static_cast<std::int64_t>(images.class_names.size());
}

void expect_class(const Images& images, const Part& part, std::int64_t last) {
  if (last >= classes_of(images)) {
    throw BadDatasetSpec(fmt::format("'{}' means class {}, the data set has {} classes, 0 to {}", part.text, last,
                                     classes_of(images), classes_of(images) - 1));
  }
}

void corrupt_images(Images& images, const Part& part, const Draw& draw) {
  const auto condition = parse_condition(part.text);
  images.pixels = corrupt(images, condition.value(), draw.seed, Frost::of(draw.frost_folder, draw.seed));
}

// Rotates counter-clockwise.
void rotate(Images& images, const Part& part, const Draw&) {
  const cv::Point2d centre(static_cast<double>(images.width - 1) / 2, static_cast<double>(images.height - 1) / 2);
  const cv::Mat turn = cv::getRotationMatrix2D(centre, static_cast<double>(part.numbers[0]), 1);
  change_pixels(
      images, [&](cv::Mat& rgb) { cv::warpAffine(rgb.clone(), rgb, turn, rgb.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT); });
}

// Computed in floating point, because bytes resolve a hue only to 1.4 degrees and would also round the other channels.
void turn_hue(Images& images, const Part& part, const Draw&) {
  const auto degrees = static_cast<float>(part.numbers[0]);
  change_pixels(images, [&](cv::Mat& rgb) {
    cv::Mat hsv;
    rgb.convertTo(hsv, CV_32FC3, 1. / 255);
    cv::cvtColor(hsv, hsv, cv::COLOR_RGB2HSV);
    hsv.forEach<cv::Vec3f>([&](cv::Vec3f& pixel, const int*) { pixel[0] += degrees; });  // 420 is 60 to OpenCV
    cv::cvtColor(hsv, hsv, cv::COLOR_HSV2RGB);
    hsv.convertTo(rgb, CV_8UC3, 255);
  });
}

void flip(Images& images, const Part&, const Draw&) {
  for (auto& label : images.labels) label = classes_of(images) - 1 - label;
}

// Label y becomes the y-th entry of a permutation drawn with seed S. If it is the identity, seed S + 1 is used, and so on.
void permute(Images& images, const Part& part, const Draw&) {
  expect_class(images, part, 1);
  auto seed = static_cast<std::uint32_t>(part.numbers[0]);
  auto order = permutation(classes_of(images), seed);
  while (std::ranges::is_sorted(order)) order = permutation(classes_of(images), ++seed);
  for (auto& label : images.labels) label = order[static_cast<std::size_t>(label)];
}

void swap_classes(Images& images, const Part& part, const Draw&) {
  const auto a = part.numbers[0], b = part.numbers[1];
  expect_class(images, part, b);
  for (auto& label : images.labels) label = label == a ? b : label == b ? a : label;
}

void merge_classes(Images& images, const Part& part, const Draw&) {
  const auto merged = part.numbers[0];
  expect_class(images, part, merged - 1);
  for (auto& label : images.labels) label = label < merged ? 0 : label;
}

constexpr std::int64_t any_class = 1'000'000;
constexpr std::int64_t any_seed = std::numeric_limits<std::uint32_t>::max();
constexpr std::array forms{
    Form{"CORRUPTION-SEVERITY", "", "input", 1, 1, severities, "a severity from 1 to 5", corrupt_images},
    Form{"rotation-DEG", "rotation", "input", 1, 1, 359, "whole degrees from 1 to 359", rotate},
    Form{"hue-DEG", "hue", "input", 1, 1, 359, "whole degrees from 1 to 359", turn_hue},
    Form{"flip", "flip", "output", 0, 0, 0, "no number", flip},
    Form{"permutation-S", "permutation", "output", 1, 0, any_seed, "a seed from 0 to 4294967295", permute},
    Form{"swap-A-B", "swap", "output", 2, 0, any_class, "two classes by index, A < B", swap_classes},
    Form{"merged-K", "merged", "output", 1, 2, any_class, "the number of first classes that become one, from 2", merge_classes},
};

std::vector<std::string_view> form_texts() {
  std::vector<std::string_view> texts{undrifted};
  for (const auto& form : forms) texts.push_back(form.text);
  return texts;
}

std::string_view name_in(std::string_view part) {
  return part.substr(0, part.find('-'));
}

const Form* form_of(std::string_view name) {
  const bool is_corruption = std::ranges::find(corruptions(), name, &Corruption::name) != corruptions().end();
  const auto found = is_corruption ? forms.begin() : std::ranges::find(forms, name, &Form::name);
  return found == forms.end() || name.empty() ? nullptr : &*found;
}

// Whether `text` ("-0-1") has the numbers of the form. Only one spelling of a number is valid, so that a drift has one name.
bool read_numbers(const Form& form, std::string_view text, std::vector<std::int64_t>& numbers) {
  while (text.starts_with('-')) {
    text.remove_prefix(1);
    const auto digits = text.substr(0, text.find('-'));
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits != std::to_string(value) || value < form.low || value > form.high) return false;
    if (!numbers.empty() && value <= numbers.back()) return false;
    numbers.push_back(value);
    text.remove_prefix(digits.size());
  }
  return text.empty() && numbers.size() == form.numbers;
}

// An error message with a suggestion: the nearest name with the rest of `part`, if that is valid. Without a near name it lists
// all forms.
std::string unknown_part(std::string_view part) {
  const auto name = name_in(part), rest = part.substr(name.size());
  std::vector<std::string_view> names{undrifted};
  for (const auto& corruption : corruptions()) names.push_back(corruption.name);
  for (const auto& form : forms) names.push_back(form.name);
  std::erase(names, "");
  const auto nearest = *nearest_to(name, names);
  if (edit_distance(name, nearest) <= nearest.size() / 2) {
    const Form* form = form_of(nearest);
    std::vector<std::int64_t> numbers;
    if (form == nullptr ? rest.empty() : read_numbers(*form, rest, numbers))
      return fmt::format("'{}' is not a drift; did you mean '{}{}'?", part, nearest, rest);
    if (form != nullptr && form->numbers > 0)
      return fmt::format("'{}' is not a drift; did you mean {}{}?", part, nearest, form->text.substr(form->text.find('-')));
  }
  return fmt::format("'{}' is not a drift; the forms are {}, joined by '+'", part, fmt::join(form_texts(), ", "));
}

Part parse_part(std::string_view text) {
  Part part{std::string(text), form_of(name_in(text)), {}};
  if (part.form == nullptr) throw BadDatasetSpec(unknown_part(text));
  if (!read_numbers(*part.form, text.substr(name_in(text).size()), part.numbers))
    throw BadDatasetSpec(fmt::format("'{}': {} takes {}", text, part.form->text, part.form->takes));
  return part;
}

// Parses a condition into its parts; `none` has none. Throws BadDatasetSpec with the error but without the name of the data
// set.
std::vector<Part> parse_drift(std::string_view condition) {
  if (condition == undrifted) return {};
  std::vector<Part> parts;
  std::string of_output;
  std::vector<std::string> texts;
  boost::split(texts, condition, boost::is_any_of("+"));
  for (const auto& text : texts) {
    if (text.empty()) throw BadDatasetSpec(fmt::format("'{}' has an empty part; write PART or PART+PART", condition));
    if (text == undrifted) throw BadDatasetSpec(fmt::format("'{}': none cannot be combined with another drift", condition));
    if (std::ranges::find(parts, text, &Part::text) != parts.end())
      throw BadDatasetSpec(fmt::format("'{}' has {} twice", condition, text));
    parts.push_back(parse_part(text));
    if (parts.back().form->level != "output") continue;
    if (!of_output.empty())
      throw BadDatasetSpec(
          fmt::format("'{}': {} and {} both change the labels; write one of them", condition, of_output, text));
    of_output = text;
  }
  return parts;
}

std::vector<Part> parts_of(const DatasetSpec& spec) {
  const auto condition = spec.params.find("condition");
  return condition == spec.params.end() ? std::vector<Part>{} : parse_drift(condition->second);
}

// Runs `work`; prefixes its errors with the data set.
template <typename Work>
auto of_spec(const DatasetSpec& spec, Work work) {
  try {
    return work();
  } catch (const BadDatasetSpec& error) {
    throw BadDatasetSpec(fmt::format("{}: {}", to_string(spec), error.what()));
  }
}

void add_levels(const DatasetSpec& spec, std::set<std::string>& found) {
  if (spec.name.empty()) return;  // a folder of images
  const DatasetKind& kind = find_dataset(spec.name);
  const auto param = [&](const char* key) {
    const auto at = spec.params.find(key);
    return at == spec.params.end() ? std::string() : at->second;
  };
  const bool is_drifted = kind.grammar == &drifted_grammar();
  if (is_drifted) {
    for (const auto& part : parts_of(spec)) found.emplace(part.form->level);
  } else if (kind.conditions_are_levels()) {
    found.insert(param("drift"));
  } else if (kind.drift != "feature" || param("part") != "source") {
    found.emplace(kind.drift);
  }
  if (kind.over_base) add_levels(base_of(spec, is_drifted ? own_params : std::vector<std::string_view>{}), found);
}

std::string drift_error(std::string_view condition) {
  try {
    parse_drift(condition);
    return "";
  } catch (const BadDatasetSpec& error) {
    return error.what();
  }
}

std::string drift_text(const DatasetSpec& spec) {
  std::set<std::string> found;
  add_levels(spec, found);
  std::vector<std::string_view> ordered;
  std::ranges::copy_if(levels, std::back_inserter(ordered), [&](auto level) { return found.contains(std::string(level)); });
  return fmt::format("{}", fmt::join(ordered, "+"));
}

}  // namespace

const ConditionGrammar& drifted_grammar() {
  static const ConditionGrammar grammar{.forms = form_texts(), .error = drift_error, .drift = drift_text};
  return grammar;
}

Images load_drifted(const DatasetSpec& spec) {
  const Params params(without_base_params(spec, own_params), own_params);
  const Draw draw{.seed = params.seed(0), .frost_folder = params.text("frost")};
  const auto parts = of_spec(spec, [&] { return parts_of(spec); });
  Images images = load_dataset(base_of(spec, own_params));
  of_spec(spec, [&] {
    for (const auto& part : parts) part.form->apply(images, part, draw);
  });
  return images;
}

}  // namespace tbft::data
