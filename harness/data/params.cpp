#include "harness/data/params.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace tbft::data {
namespace {

template <typename Number>
bool is_between(const std::string& text, Number& value, Number low, Number high) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= low && value <= high;
}

}  // namespace

DatasetSpec base_of(const DatasetSpec& spec, const std::vector<std::string_view>& own) {
  if (spec.path.empty()) throw BadDatasetSpec(fmt::format("{}: needs a folder, {}:DIR", to_string(spec), spec.name));
  DatasetSpec base = parse_dataset_spec(spec.path);
  for (const auto& [key, value] : spec.params) {
    if (std::ranges::find(own, key) == own.end()) base.params.insert_or_assign(key, value);
  }
  return base;
}

DatasetSpec without_base_params(DatasetSpec spec, const std::vector<std::string_view>& own) {
  std::erase_if(spec.params, [&](const auto& param) { return std::ranges::find(own, param.first) == own.end(); });
  return spec;
}

std::filesystem::path folder_or_inner(const std::filesystem::path& path, std::string_view inner) {
  std::error_code ignored;
  return std::filesystem::is_directory(path / inner, ignored) ? path / inner : path;
}

Params::Params(const DatasetSpec& spec, std::vector<std::string_view> known) : spec_(spec) {
  for (const auto& [key, value] : spec.params) {
    if (std::ranges::find(known, key) == known.end()) {
      throw BadDatasetSpec(fmt::format("{}: unknown parameter '{}'; known: {}", to_string(spec), key, fmt::join(known, ", ")));
    }
  }
}

void Params::require_path() const {
  if (spec_.path.empty()) throw BadDatasetSpec(fmt::format("{}: needs a folder, {}:DIR", to_string(spec_), spec_.name));
}

void Params::refuse_path() const {
  if (!spec_.path.empty()) throw BadDatasetSpec(fmt::format("{}: takes no path, it is built in", to_string(spec_)));
}

const std::string* Params::find(const std::string& key) const {
  const auto it = spec_.params.find(key);
  return it == spec_.params.end() ? nullptr : &it->second;
}

std::int64_t Params::whole(const std::string& key, std::int64_t otherwise, std::int64_t low, std::int64_t high) const {
  const std::string* text = find(key);
  if (!text) return otherwise;
  std::int64_t value = 0;
  if (!is_between(*text, value, low, high)) {
    throw BadDatasetSpec(
        fmt::format("{}: {}={} is not a whole number between {} and {}", to_string(spec_), key, *text, low, high));
  }
  return value;
}

double Params::real(const std::string& key, double otherwise, double low, double high) const {
  const std::string* text = find(key);
  if (!text) return otherwise;
  double value = 0;
  if (!is_between(*text, value, low, high)) {
    throw BadDatasetSpec(fmt::format("{}: {}={} is not a number between {} and {}", to_string(spec_), key, *text, low, high));
  }
  return value;
}

std::string Params::one_of(const std::string& key, std::string_view otherwise,
                           const std::vector<std::string_view>& choices) const {
  const std::string* text = find(key);
  if (!text) return std::string(otherwise);
  if (std::ranges::find(choices, *text) == choices.end()) {
    throw BadDatasetSpec(fmt::format("{}: {}={} is not one of {}", to_string(spec_), key, *text, fmt::join(choices, ", ")));
  }
  return *text;
}

std::string Params::text(const std::string& key) const {
  const std::string* text = find(key);
  return text ? *text : "";
}

bool Params::is_target() const {
  return one_of("part", "target", {"target", "source"}) == "target";
}

bool Params::skip_damaged() const {
  return one_of("skip_damaged", "false", {"true", "false"}) == "true";
}

std::uint64_t Params::seed(std::int64_t otherwise) const {
  return static_cast<std::uint64_t>(whole("seed", otherwise, 0, std::int64_t{1} << 53));
}

}  // namespace tbft::data
