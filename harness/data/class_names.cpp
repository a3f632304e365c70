#include "harness/data/class_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>
#include <unordered_set>

#include "results/text.h"

namespace tbft::data {
namespace {

std::vector<std::string> all_comparable(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  result.reserve(names.size());
  for (const auto& name : names) result.push_back(comparable(name));
  return result;
}

// Joins at most `most` items, so that a thousand classes stay one line. The names of a checkpoint can hold anything.
std::string listed(const std::vector<std::string>& items, std::size_t most = 10) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(items.size(), most); ++i) shown.push_back(results::printable(items[i]));
  const auto more = items.size() > most ? fmt::format(" and {} more", items.size() - most) : "";
  return fmt::format("{}{}", fmt::join(shown, ", "), more);
}

// "0 = airplane, 1 = bird"
std::string numbered(const std::vector<std::string>& names) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < names.size(); ++i) items.push_back(fmt::format("{} = {}", i, names[i]));
  return listed(items);
}

std::vector<std::string> those_without_place(const std::vector<std::string>& names, const std::vector<std::int64_t>& place) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (place[i] < 0) result.push_back(names[i]);
  return result;
}

std::string renumber(Images& images, const std::vector<std::string>& names, const std::vector<std::int64_t>& place,
                     const std::string& what) {
  const auto before = std::move(images.class_names);
  images.class_names = names;
  bool moved = false;
  for (std::size_t i = 0; i < place.size(); ++i) moved = moved || place[i] != static_cast<std::int64_t>(i);
  for (auto& label : images.labels) label = place[static_cast<std::size_t>(label)];
  const auto missing = those_without_place(names, indices_of(names, before));
  if (moved)
    return fmt::format("{}: labels are set by the class names: {} of {} classes{}, in {} order", what, before.size(),
                       names.size(), missing.empty() ? "" : fmt::format(" (no {})", listed(missing)),
                       std::ranges::is_sorted(place) ? "the same" : "another");
  if (!missing.empty()) return fmt::format("{}: {} of {} classes (no {})", what, before.size(), names.size(), listed(missing));
  return "";
}

// A warning where the byte order of folder names differs from the order that a reader expects; empty where it does not, or
// where the names are not sorted.
std::string order_doubt(const std::vector<std::string>& names, const std::string& what) {
  if (!std::ranges::is_sorted(names)) return "";
  const auto folded = all_comparable(names);
  const auto number = [](const std::string& name, std::int64_t& value) {
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    return error == std::errc() && end == name.data() + name.size();
  };
  std::vector<std::int64_t> values(names.size());
  bool numbers = true;
  for (std::size_t i = 0; i < names.size(); ++i) numbers = numbers && number(names[i], values[i]);
  if (numbers && !std::ranges::is_sorted(values))
    return fmt::format("{}: labels follow the bytes of the class names, where 10 comes before 2: {}", what, numbered(names));
  auto sorted = folded;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
    return fmt::format("{}: two class folders have the same name but for capitals ('{}'); each has a label of its own: {}",
                       what, *twice, numbered(names));
  if (!numbers && folded != sorted)
    return fmt::format(
        "{}: labels follow the bytes of the class names, where capitals come before small letters: {}; rename the "
        "folders, or name the model's classes in their order with ?classes=A,B,...",
        what, numbered(names));
  return "";
}

std::string_view pixels_of(const Images& images, std::int64_t i) {
  const auto image = images.image(i);
  return {reinterpret_cast<const char*>(image.data()), image.size()};
}

}  // namespace

std::string comparable(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, name.find(':'))) {
    if (c != ' ' && c != '_' && c != '-') text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

std::vector<std::int64_t> indices_of(const std::vector<std::string>& names, const std::vector<std::string>& among) {
  const auto as_compared = all_comparable(among);
  std::vector<std::int64_t> result;
  for (const auto& name : names) {
    auto found = std::ranges::find(among, name) - among.begin();
    if (found == std::ssize(among)) found = std::ranges::find(as_compared, comparable(name)) - as_compared.begin();
    result.push_back(found == std::ssize(among) ? -1 : found);
  }
  return result;
}

std::string use_class_names(Images& images, const std::vector<std::string>& names, const std::string& what) {
  const auto place = indices_of(images.class_names, names);
  if (const auto unknown = those_without_place(images.class_names, place); !unknown.empty())
    throw DataError(
        fmt::format("{}: the other set has no class {}; it has {}. Rename the folders, or name the classes of both in "
                    "one order with ?classes=A,B,...",
                    what, listed(unknown), listed(names)));
  return renumber(images, names, place, what);
}

std::string fit_to_outputs(Images& images, const std::vector<std::string>& names, std::int64_t outputs,
                           const std::string& what) {
  const auto& own = images.class_names;
  if (std::ssize(own) > outputs)
    throw DataError(fmt::format("{}: {} classes ({}), but the model has {} outputs", what, own.size(), listed(own), outputs));
  if (names.empty()) {
    if (std::ssize(own) < outputs)
      return fmt::format(
          "{}: {} classes meet {} outputs of a model whose class names are not known. Labels are {}; a missing folder "
          "moves all labels behind it. Name all classes of the model in their order with ?classes=A,B,...",
          what, own.size(), outputs, numbered(own));
    return order_doubt(own, what);
  }
  const auto place = indices_of(own, names);
  const auto unknown = those_without_place(own, place);
  if (unknown.empty()) return renumber(images, names, place, what);
  for (std::size_t i = 0; i < place.size(); ++i) {
    if (place[i] >= 0 && place[i] != static_cast<std::int64_t>(i))
      throw DataError(
          fmt::format("{}: {} is none of the model's classes ({}), and label {} = {} is the model's output {}; rename the "
                      "folders, or name the classes in the order of the outputs with ?classes=A,B,...",
                      what, listed(unknown), listed(names), i, own[i], place[i]));
  }
  return fmt::format("{}: the model does not know {}; labels are {}, the model's outputs {}", what,
                     std::ssize(unknown) == std::ssize(own) ? "these classes" : listed(unknown), numbered(own),
                     numbered(names));
}

std::int64_t count_shared(const Images& known, const Images& images) {
  std::unordered_set<std::string_view> seen;
  for (std::int64_t i = 0; i < known.size(); ++i) seen.insert(pixels_of(known, i));
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < images.size(); ++i) count += seen.contains(pixels_of(images, i)) ? 1 : 0;
  return count;
}

std::string check_shared(const Images& known, const std::string& known_as, const Images& images, const std::string& what) {
  const auto shared = count_shared(known, images);
  if (shared == 0) return "";
  auto line = fmt::format("{} of the {} images of {} are in {}, too", shared, images.size(), what, known_as);
  if (shared * 100 > images.size()) throw DataError(line + ": what is tuned on must not be tested on; name other images");
  return line;
}

}  // namespace tbft::data
