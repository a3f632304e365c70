// The reproduction report as text, Markdown, CSV and JSON.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "results/csv_table.h"
#include "results/json.h"
#include "results/reproduction.h"
#include "results/text.h"

namespace tbft::results {

namespace {

std::string name_of(const ComparedTable& table) {
  const std::string origin = comma_list({table.protocol, table.board, table.network, table.point}, 120);
  const std::string data = table.data.empty() ? "" : ": " + printable(table.data, 120);
  return table.paper_table + data + (origin.empty() ? "" : ", ") + origin;
}

std::string signed_points(double points) {
  const std::string text = decimals(points, 2);
  return points > 0 ? "+" + text : text;
}

// One line for each strategy; for each column of the paper: measured, published, difference.
Cells cells_of(const ComparedTable& table) {
  Cells cells{{"strategy"}};
  std::map<std::string, std::vector<std::string>, StrategyOrder> lines;
  for (const ComparedColumn& column : table.columns) {
    for (const ComparedCell& cell : column.cells) lines[cell.strategy];
  }
  for (const ComparedColumn& column : table.columns) {
    cells.front().insert(cells.front().end(), {column.name + " measured", "paper", "difference"});
    for (auto& [strategy, line] : lines) {
      ComparedCell shown;
      for (const ComparedCell& cell : column.cells) {
        if (cell.strategy == strategy) shown = cell;
      }
      const std::string interval = interval_text(shown.interval.low, shown.interval.high, 2);
      line.insert(line.end(), {decimals(shown.measured, 2) + (interval == "-" ? "" : " " + interval), decimals(shown.paper, 2),
                               signed_points(shown.difference())});
    }
  }
  for (const auto& [strategy, line] : lines) {
    cells.push_back({printable(strategy, 40)});
    cells.back().insert(cells.back().end(), line.begin(), line.end());
  }
  return cells;
}

std::string line_of(const Missing& missing) {
  return fmt::format("{}: {}: {}", printable(missing.table, 40), printable(missing.what, 400), printable(missing.where, 400));
}

std::vector<Section> sections_of(const Reproduction& reproduction) {
  std::vector<Section> sections{
      {.title = "the paper's tables, measured and published",
       .captions = {
           "measured [95 % interval], the paper's number, difference; order and best of block1, block2, block3 and fc"}}};
  for (const std::string& note : reproduction.notes) sections[0].captions.push_back(printable(note, 400));
  for (const ComparedTable& table : reproduction.tables) {
    const std::string unit = table.paper_table == "system-cost" ? "energy saved against full, %" : "accuracy %";
    sections[0].lines.push_back(fmt::format("{}: {}", name_of(table), verdict(table)));
    Section section{.title = name_of(table), .captions = {unit}, .cells = cells_of(table), .lines = {verdict(table)}};
    section.elsewhere = "report.md";
    for (std::size_t column = 2; column < section.cells.front().size(); column += 3) section.least_needed.push_back(column);
    section.captions.insert(section.captions.end(), table.captions.begin(), table.captions.end());
    if (agreement(table).compared > 0) sections.push_back(std::move(section));
  }
  if (!reproduction.missing.empty()) {
    Section section{.title = "what is missing, and where to get it"};
    for (const Missing& missing : reproduction.missing) section.lines.push_back(line_of(missing));
    sections.push_back(std::move(section));
  }
  for (const Headline& headline : reproduction.headlines) sections.push_back(section_of(headline));
  return sections;
}

std::string csv_of(const Reproduction& reproduction) {
  std::string text =
      "table,data,protocol,board,column,strategy,measured_pct,low_pct,high_pct,paper_pct,difference_points,network,point\n";
  for (const ComparedTable& table : reproduction.tables) {
    for (const ComparedColumn& column : table.columns) {
      for (const ComparedCell& cell : column.cells) {
        for (const std::string* field : {&table.paper_table, &table.data, &table.protocol, &table.board, &column.name})
          text += text_field(*field) + ',';
        text += text_field(cell.strategy);
        for (const double value : {cell.measured, cell.interval.low, cell.interval.high, cell.paper, cell.difference()})
          text += ',' + number_field(value);
        text += ',' + text_field(table.network) + ',' + text_field(table.point) + '\n';
      }
    }
  }
  return text;
}

using Json = nlohmann::ordered_json;

Json json_of(const ComparedTable& table) {
  const Agreement of = agreement(table);
  Json result{{"table", table.paper_table},    {"data", table.data},
              {"protocol", table.protocol},    {"board", table.board},
              {"network", table.network},      {"point", table.point},
              {"verdict", verdict(table)},     {"cells_within_5_points", of.close},
              {"cells_compared", of.compared}, {"cells_published", of.published},
              {"captions", table.captions},    {"columns", Json::array()}};
  for (const ComparedColumn& column : table.columns) {
    Json cells = Json::array();
    for (const ComparedCell& cell : column.cells) {
      cells.push_back({{"strategy", cell.strategy},
                       {"measured_pct", cell.measured},
                       {"low_pct", cell.interval.low},
                       {"high_pct", cell.interval.high},
                       {"paper_pct", cell.paper},
                       {"difference_points", cell.difference()}});
    }
    result["columns"].push_back({{"column", column.name},
                                 {"spearman", column.spearman},
                                 {"same_order", column.best.empty() ? Json() : Json(column.same_order)},
                                 {"best", column.best.empty() ? Json() : Json(column.best)},
                                 {"paper_best", column.paper_best.empty() ? Json() : Json(column.paper_best)},
                                 {"cells", cells}});
  }
  return result;
}

std::string json_text(const Reproduction& reproduction) {
  Json result{
      {"tables", Json::array()}, {"missing", Json::array()}, {"headlines", Json::array()}, {"notes", reproduction.notes}};
  for (const ComparedTable& table : reproduction.tables) result["tables"].push_back(json_of(table));
  for (const Missing& missing : reproduction.missing)
    result["missing"].push_back({{"table", missing.table}, {"what", missing.what}, {"where", missing.where}});
  for (const Headline& headline : reproduction.headlines) result["headlines"].push_back(Json::parse(json_headline(headline)));
  return result.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string render(const Reproduction& reproduction, Format format, const Layout& layout) {
  if (format == Format::csv) return csv_of(reproduction);
  if (format == Format::json) return json_text(reproduction);
  if (format == Format::latex) return to_latex(sections_of(reproduction));
  return format == Format::md ? to_markdown(sections_of(reproduction)) : to_text(sections_of(reproduction), layout);
}

}  // namespace tbft::results
