#include "results/correctness.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include "results/files.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_bytes = std::size_t{256} << 20;
constexpr std::int64_t max_images = 1'000'000;

// A hex digit holds four images, the first in its highest bit.
std::vector<float> from_hex(std::string_view hex, std::size_t n) {
  if (hex.size() != (n + 3) / 4) throw std::runtime_error(fmt::format("{} hex digits for {} test images", hex.size(), n));
  std::vector<float> right(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(hex[i / 4]);
    if (digit == std::string_view::npos) throw std::runtime_error("correct_hex holds something else than hex digits");
    right[i] = static_cast<float>((digit >> (3 - i % 4)) & 1U);
  }
  return right;
}

struct Record {
  std::string cell_id;
  ImageScores right;
  std::string level;  // empty without a diagnosis
};

std::string level_of(const nlohmann::json& diagnosis) {
  if (diagnosis.is_null()) return {};
  const auto level = diagnosis.is_object() ? diagnosis.value("level", nlohmann::json()) : nlohmann::json();
  if (!level.is_string() || std::ranges::find(level_names, level.get_ref<const std::string&>()) == level_names.end())
    throw std::runtime_error(fmt::format("a diagnosis names no level of {}", fmt::join(level_names, ", ")));
  return level.get<std::string>();
}

// Returns nothing for a line that does not end a cell.
std::optional<Record> record_of(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object() || !object.contains("event") || !object["event"].is_string())
    throw std::runtime_error("not a journal line");
  if (object["event"] != "cell_ends") return std::nullopt;
  const auto field = [&](const char* name) { return object.value(name, nlohmann::json()); };
  const auto cell = field("cell_id"), n = field("n_test"), hex = field("correct_hex");
  if (!cell.is_string() || !n.is_number_integer() || !hex.is_string())
    throw std::runtime_error("cell_ends without cell_id, n_test and correct_hex");
  const auto images = n.get<std::int64_t>();
  if (images < 0 || images > max_images) throw std::runtime_error(fmt::format("{} test images", images));
  auto right = from_hex(hex.get_ref<const std::string&>(), static_cast<std::size_t>(images));
  return Record{cell.get<std::string>(), std::make_shared<const std::vector<float>>(std::move(right)),
                level_of(field("diagnosis"))};
}

bool agree(const CellRow& row, const std::vector<float>& right) {
  const double count = std::accumulate(right.begin(), right.end(), 0.0);
  return row.n_test && row.correct && *row.n_test == static_cast<std::int64_t>(right.size()) &&
         *row.correct == static_cast<std::int64_t>(count) && !right.empty();
}

}  // namespace

void read_correctness(const std::filesystem::path& journal, std::span<const CellRow> rows, Correctness& into, Levels* levels) {
  parse_correctness(read_file(journal, max_bytes), journal.string(), rows, into, levels);
}

void parse_correctness(std::string_view journal, const std::string& name, std::span<const CellRow> rows, Correctness& into,
                       Levels* levels) {
  std::map<std::string, Record> last;
  std::size_t line = 1;
  for (std::size_t end = journal.find('\n'); end != std::string_view::npos; end = journal.find('\n'), ++line) {
    try {
      if (auto record = record_of(journal.substr(0, end))) last[record->cell_id] = std::move(*record);
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("{}:{}: {}", name, line, error.what()));
    }
    journal.remove_prefix(end + 1);
  }
  for (const CellRow& row : rows) {
    const auto found = last.find(row.cell_id);
    if (found == last.end() || !agree(row, *found->second.right)) continue;
    into[{row.run_id, row.cell_id}] = found->second.right;
    if (levels != nullptr && !found->second.level.empty()) (*levels)[{row.run_id, row.cell_id}] = found->second.level;
  }
}

ImageScores scores_of(const Correctness& correctness, const CellRow& row) {
  const auto found = correctness.find({row.run_id, row.cell_id});
  return found == correctness.end() ? nullptr : found->second;
}

}  // namespace tbft::results
