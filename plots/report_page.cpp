#include "plots/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "plots/gnuplot.h"
#include "results/report.h"

namespace tbft::plots {

namespace {

std::vector<std::string> warnings_of(const results::Inputs& inputs) {
  std::vector<std::string> result;
  std::set<std::string> replays, estimates;
  std::size_t throttled = 0, invalid = 0, failed = 0;
  for (const results::CellRow& row : inputs.cells) {
    throttled += row.throttled.value_or(0) != 0;
    invalid += row.status == "invalid";
    failed += row.status != "ok" && row.status != "invalid";
    if (row.measured == 1 || !row.gross_J) continue;
    (row.meter.starts_with("replay:") ? replays : estimates).insert(row.meter);
  }
  std::ranges::transform(estimates, std::back_inserter(result), [](const std::string& meter) {
    return fmt::format("ESTIMATE: joules of {} are not a measurement", meter);
  });
  for (const std::string& meter : replays)
    result.push_back(fmt::format("REPLAY: joules of {} are not a measurement of these cells", meter));
  const auto count = [&](std::size_t n, const char* what) {
    if (n > 0) result.push_back(fmt::format("{} of {} cells {}", n, inputs.cells.size(), what));
  };
  count(throttled, "ran on a throttled board: their times and joules are not those of the board at its best");
  count(invalid, "have no valid energy: their accuracy counts, their joules do not");
  count(failed, "failed and are in no table");
  return result;
}

results::Section facts_section(const std::string& name, const std::optional<results::RunFacts>& facts) {
  if (!facts) return {.title = name, .captions = {"no run.json: settings and provenance are not known"}};
  results::Section section{.title = name,
                           .cells = {{"what", "value"}, {"run_id", facts->run_id}, {"created_utc", facts->created_utc}}};
  for (const auto* values : {&facts->provenance, &facts->settings, &facts->data}) {
    for (const auto& [key, value] : *values) section.cells.push_back({values == &facts->data ? "data " + key : key, value});
  }
  return section;
}

Part figures_of(const FigureData& data) {
  Part part{.anchor = "figures", .title = "Figures"};
  for (const Figure& figure : make_figures(data)) {
    Picture picture{.title = caption_of(figure), .wide = figure.panels.size() > 1};
    std::ranges::transform(figure.panels, std::back_inserter(picture.panels), &Panel::title);
    try {
      picture.svg = draw(figure, Terminal::page);
      part.pictures.push_back(std::move(picture));
    } catch (const NoGnuplot& error) {
      part.pictures.clear();
      part.note = fmt::format("No figures: {}", error.what());
      return part;
    } catch (const std::runtime_error& error) {
      part.note += fmt::format("{}Figure left out: {}", part.note.empty() ? "" : ". ", error.what());
    }
  }
  return part;
}

// Tables of means and lists of winners come first, those of single conditions behind the figures.
std::vector<Part> parts_of(const FigureData& data) {
  Part tables{.anchor = "tables", .title = "Tables"}, figures = figures_of(data),
                                                      details{.anchor = "conditions", .title = "Single conditions"};
  for (results::Section& section : results::sections_of(data.summary))
    (section.detail ? details : tables).sections.push_back(std::move(section));
  std::vector<Part> parts;
  for (Part* part : {&tables, &figures, &details}) {
    if (!part->sections.empty() || !part->pictures.empty() || !part->note.empty()) parts.push_back(std::move(*part));
  }
  return parts;
}

}  // namespace

Page report_page(const FigureData& data, const NamedFacts& runs, std::vector<std::string> notes) {
  Page page;
  page.title = runs.size() == 1 ? "tbft report: " + runs.front().first : fmt::format("tbft report of {} runs", runs.size());
  page.warnings = warnings_of(data.inputs);
  std::ranges::move(notes, std::back_inserter(page.warnings));
  page.parts = parts_of(data);
  if (!data.inputs.cells.empty()) page.cells_json = cells_json(data.inputs, data.curves);
  for (const auto& [name, facts] : runs) page.provenance.push_back(facts_section(name, facts));
  if (const auto common = common_values(data.inputs); !common.empty()) {
    results::Section section{.title = "The same in every cell", .cells = {{"column", "value"}}};
    for (const auto& [name, value] : common) section.cells.push_back({name, value});
    page.provenance.push_back(std::move(section));
  }
  page.footer = "U are expanded uncertainties (k=2). Empty is unknown. Published numbers are those of arXiv 2403.15905.";
  return page;
}

}  // namespace tbft::plots
