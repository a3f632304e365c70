#include "results/published/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "results/csv_table.h"

namespace tbft::results {

namespace {

std::vector<Published> parse() {
  CsvReader reader(paper_tables_csv(), "paper-tables.csv");
  const auto number = [&](const std::string& field) {
    double value = 0;
    const auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || stop != field.data() + field.size()) reader.fail(fmt::format("'{}' is not a number", field));
    return value;
  };
  constexpr std::size_t n_fields = 7;
  std::vector<Published> result;
  reader.next();  // header
  while (const auto f = reader.next()) {
    if (f->size() != n_fields) reader.fail(fmt::format("{} fields, not {}", f->size(), n_fields));
    const std::string& sd = f->at(6);
    result.push_back({f->at(0), f->at(1), f->at(2), f->at(3), f->at(4), number(f->at(5)),
                      sd.empty() ? std::nullopt : std::optional(number(sd))});
  }
  return result;
}

// "10%" for 0.1; empty where the paper has no such size.
std::string size_of_paper(std::optional<double> train_size) {
  for (const int percent : {10, 20, 30}) {
    if (train_size && std::abs(*train_size - percent / 100.0) < 1e-9) return fmt::format("{}%", percent);
  }
  return {};
}

}  // namespace

const std::vector<Published>& published() {
  static const std::vector<Published> numbers = parse();
  return numbers;
}

const Published* find_published(std::string_view table, std::string_view condition, std::string_view strategy,
                                std::string_view metric) {
  for (const Published& p : published()) {
    if (p.table == table && p.condition == condition && p.strategy == strategy && p.metric == metric) return &p;
  }
  return nullptr;
}

bool is_papers_network(std::string_view network) {
  return network.empty() || network == papers_network;
}

std::optional<PaperColumn> paper_column(std::string_view dataset, std::string_view condition, std::optional<double> train_size,
                                        std::string_view network) {
  if (!is_papers_network(network)) return std::nullopt;
  constexpr std::string_view noise = "noise-";
  const std::string cost = dataset == "living17" ? "128px-17out" : "32px-10out";
  for (const std::string_view block : {"block1", "block2", "block3", "fc"}) {
    if (!condition.starts_with(noise) || condition.substr(noise.size()) != block) continue;
    if (dataset != "cifar10") return std::nullopt;
    return PaperColumn{"block-noise", fmt::format("noise@{}", block), "paper", cost};
  }
  using Pair = std::pair<std::string_view, std::string_view>;
  constexpr std::array tables{Pair{"cifar10-c", "cifar10-c"},    Pair{"living17", "living17"},
                              Pair{"cifar-flip", "cifar-flip"},  Pair{"cifar10-c-like", "cifar10-c"},
                              Pair{"cifar10-pairs", "living17"}, Pair{"cifar100-super", "living17"}};
  const auto* const found = std::ranges::find(tables, dataset, &Pair::first);
  if (found == tables.end()) return std::nullopt;
  const std::string label = found->second == dataset ? "paper" : fmt::format("paper ({})", found->second);
  return PaperColumn{std::string(found->second), size_of_paper(train_size), label, cost};
}

}  // namespace tbft::results
