#include "plots/accuracy_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "results/tables/summary.h"

namespace tbft::plots {

namespace {

constexpr int columns = 2;
constexpr int panel_width_px = 520;
constexpr int panel_height_px = 380;

// In gnuplot's double quotes only these need care; what no terminal shows is dropped.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '`') out += c;
  }
  return out + "\"";
}

double or_zero(double value) {
  return std::isfinite(value) ? value : 0;
}

// A data block of the points with joules; returns how many there are.
std::size_t add_points(std::string& script, const results::Table& table, std::size_t index) {
  std::size_t points = 0;
  script += fmt::format("$points{} << EOD\n", index);
  for (const auto& line : table.lines) {
    const double joules_J = line.train.spread.mean;
    if (line.accuracy_pct.n == 0 || !std::isfinite(joules_J)) continue;
    script += fmt::format("{} {} {} {} {}\n", joules_J, line.accuracy_pct.mean, or_zero(line.train.U_J),
                          or_zero(line.accuracy_pct.sd), quoted(line.strategy));
    ++points;
  }
  script += "EOD\n";
  return points;
}

void add_panel(std::string& script, const results::Table& table, std::size_t index, std::size_t points) {
  const auto basis = to_string(table.energy.basis);
  script += fmt::format("set title {} font \",9\"\n", quoted(title(table)));
  script += fmt::format("set xlabel {}\n", quoted(fmt::format("training energy / J{}{}{}", basis.empty() ? "" : ", ", basis,
                                                              table.energy.estimate ? " (estimate, not a measurement)" : "")));
  script += "set ylabel \"accuracy / %\"\n";
  std::string plot;
  for (const auto& line : table.lines) {
    if (line.accuracy_pct.n == 0 || std::isfinite(line.train.spread.mean)) continue;
    plot += fmt::format("{}{} with lines dashtype 2 title {}", plot.empty() ? "" : ", ", line.accuracy_pct.mean,
                        quoted(line.strategy));
  }
  if (points > 0) {
    plot += fmt::format("{}$points{} using 1:2:3:4 with xyerrorbars pointtype 7 notitle", plot.empty() ? "" : ", ", index);
    plot += fmt::format(", $points{} using 1:2:5 with labels offset 0,1 notitle", index);
  } else {
    script += "set xrange [0:1]\n";  // lines alone give gnuplot no range
  }
  script += "plot " + plot + "\n";
  if (points == 0) script += "set autoscale x\n";
}

}  // namespace

std::string accuracy_energy_script(const std::vector<results::CellRow>& rows) {
  auto tables = results::summarize(rows).tables;
  std::erase_if(tables, [](const results::Table& table) {
    return std::ranges::none_of(table.lines, [](const results::Line& line) { return line.accuracy_pct.n > 0; });
  });
  if (tables.empty()) throw std::invalid_argument("nothing to plot: no cell has an accuracy");
  const auto wide = std::min<std::size_t>(columns, tables.size());
  const auto high = (tables.size() + columns - 1) / columns;
  std::string script = "# Accuracy against training energy. Run: gnuplot THIS_FILE > figure.svg\n";
  std::vector<std::size_t> points;
  points.reserve(tables.size());
  for (const auto& table : tables) points.push_back(add_points(script, table, points.size()));
  script += fmt::format("set terminal svg size {},{} noenhanced\n", wide * panel_width_px, high * panel_height_px);
  script += fmt::format("set multiplot layout {},{}\nset grid\nset offsets graph 0.1, graph 0.1, graph 0.15, graph 0.1\n", high,
                        wide);
  for (std::size_t i = 0; i < tables.size(); ++i) add_panel(script, tables[i], i, points[i]);
  return script + "unset multiplot\n";
}

}  // namespace tbft::plots
