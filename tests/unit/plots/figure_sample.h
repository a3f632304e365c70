// Rows, curves and figures for the tests of figures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "plots/figure.h"

namespace tbft::plots::test {

inline results::CellRow row(const std::string& strategy, std::int64_t repetition, double accuracy_pct,
                            std::optional<double> train_J) {
  results::CellRow r;
  r.run_id = "run";
  r.cell_id = strategy + std::to_string(repetition);
  r.started_utc = "2024-01-31T10:0" + std::to_string(repetition) + ":00Z";
  r.dataset = "cifar-flip";
  r.drift = "output";
  r.train_size = 0.1;
  r.strategy = strategy;
  r.repetition = repetition;
  r.status = "ok";
  r.accuracy_pct = accuracy_pct;
  r.train_gross_J = train_J;
  r.gross_J = train_J ? *train_J + 10 : 5;
  r.train_s = 3;
  r.idle_W = 2.1;
  r.meter = "ina219:///dev/i2c-1";
  r.meter_scope = "board";
  r.measured = 1;
  return r;
}

inline std::vector<results::CellRow> rows() {
  std::vector<results::CellRow> all;
  for (std::int64_t r = 0; r < 2; ++r) {
    const auto x = static_cast<double>(r);
    all.push_back(row("none", r, 3 + x, {}));
    all.push_back(row("block1", r, 16 + x, 600 + x));
    all.push_back(row("block2", r, 30 + x, 450 + x));
    all.push_back(row("block3", r, 54 + x, 400 + x));
    all.push_back(row("fc", r, 85 + x, 172 + x));
    all.push_back(row("full", r, 53 + x, 712 + x));
  }
  return all;
}

inline results::PowerCurve curve() {
  results::PowerCurve c;
  c.duration_s = 10;
  c.readings = 100;
  for (int i = 0; i < 10; ++i) {
    if (i == 5) continue;
    c.buckets.push_back({i + 0.0, i + 0.9, 3, 5, 4});
  }
  c.gaps.push_back({"", 4.9, 6});
  c.phases = {{"train", 1, 8}, {"test", 8, 9.5}};
  c.phase_J = {{"train", 172}, {"test", 4}};
  return c;
}

// Figures of these rows, the data kept alive with them.
struct Drawn {
  results::Inputs inputs;
  results::Summary summary;
  results::PowerCurves curves;
  std::vector<Figure> figures;
  explicit Drawn(std::vector<results::CellRow> cells, const std::vector<std::string>& kinds = {},
                 const std::string& cell = "") {
    inputs.cells = std::move(cells);
    summary = results::summarize(inputs);
    curves[{"run", "fc0"}] = curve();
    figures = make_figures({inputs, summary, curves, cell}, kinds);
  }
};

// The scripts of all panels.
inline std::string scripts(const Figure& figure) {
  std::string text;
  for (const Panel& panel : figure.panels) text += panel.script;
  return text;
}

// The only figure of this kind.
inline Figure one(std::vector<results::CellRow> cells, const std::string& kind, const std::string& cell = "") {
  const Drawn drawn(std::move(cells), {kind}, cell);
  if (drawn.figures.size() != 1) throw std::runtime_error(kind + ": not one figure");
  return drawn.figures[0];
}

// The same over another curve of fc's first repetition.
inline Figure one(std::vector<results::CellRow> cells, const std::string& kind, const results::PowerCurve& trace) {
  Drawn drawn(std::move(cells), {kind});
  drawn.curves[{"run", "fc0"}] = trace;
  return make_figures({drawn.inputs, drawn.summary, drawn.curves, ""}, std::vector{kind}).at(0);
}

// The range of an axis in a script: "set xrange [0:900]".
inline std::pair<double, double> range_of(const std::string& script, char axis) {
  std::smatch found;
  const std::regex range(std::string("set ") + axis + R"(range \[([^:]+):([^\]]+)\])");
  if (!std::regex_search(script, found, range)) throw std::runtime_error("no range in " + script);
  return {std::stod(found[1]), std::stod(found[2])};
}

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace tbft::plots::test
