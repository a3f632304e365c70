// Accuracy against training joules with error bars and the Pareto front; one panel for each training size.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plots/gnuplot.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

bool has_joules(const results::Line& line) {
  return line.accuracy_pct.n > 0 && std::isfinite(line.train.spread.mean);
}

// The Pareto front. It is drawn in steps, because nothing lies between two strategies. It excludes block-avg, which is not a
// strategy.
std::string pareto_front(const results::Table& table) {
  std::vector<const results::Line*> lines;
  for (const results::Line& line : table.lines) {
    if (has_joules(line) && line.strategy != "block-avg") lines.push_back(&line);
  }
  std::ranges::sort(lines, {},
                    [](const results::Line* line) { return std::pair(line->train.spread.mean, -line->accuracy_pct.mean); });
  std::string points;
  double best = -std::numeric_limits<double>::infinity();
  for (const results::Line* line : lines) {
    if (line->accuracy_pct.mean <= best) continue;
    best = line->accuracy_pct.mean;
    points += fmt::format("{} {}\n", line->train.spread.mean, best);
  }
  return points;
}

std::string panel(const results::Table& table, std::size_t index) {
  std::string blocks, plot;
  const auto add = [&](const std::string& text) { plot += (plot.empty() ? "" : ", ") + text; };
  bool points = false;
  if (const std::string front = pareto_front(table); !front.empty()) {
    blocks += fmt::format("$front{} << EOD\n{}EOD\n", index, front);
    add(fmt::format("$front{} using 1:2 with steps dashtype 2 linewidth 1.5 linecolor rgb \"#555555\" title \"Pareto front\"",
                    index));
  }
  std::size_t n = 0;
  for (const results::Line& line : table.lines) {
    if (line.accuracy_pct.n == 0) continue;
    if (!has_joules(line)) {
      add(fmt::format("{} with lines dashtype 3 linewidth 1.5 linecolor rgb \"{}\" title {}", line.accuracy_pct.mean,
                      look_of(line.strategy).colour, in_quotes(line.strategy + " (no joules)")));
      continue;
    }
    points = true;
    // The error bar of the joules: the spread over repetitions or the meter's uncertainty, whichever is larger.
    const double U_J = std::max(or_zero(line.train.U_J), or_zero(line.train.spread.sd));
    const std::string data = fmt::format("$p{}_{}", index, n++);
    blocks += fmt::format("{} << EOD\n{} {} {} {}\nEOD\n", data, line.train.spread.mean, line.accuracy_pct.mean, U_J,
                          or_zero(line.accuracy_pct.sd));
    add(fmt::format("{} using 1:2:3:4 with xyerrorbars pointtype 0 linecolor rgb \"#555555\" notitle", data));
    add(points_script(data, line.strategy));
  }
  const std::string note = estimate_note(table.energy);
  std::string script = blocks + note_script(note);
  script += fmt::format("set title {}\nset xlabel {}\nset ylabel \"accuracy / %\"\n",
                        in_quotes(results::size_text(table.key) + " of the data for training"),
                        in_quotes(joules_label(table.energy) + (note.empty() ? "" : " (estimate)")));
  // The axis includes joules below zero only if a mean is below zero, not for error bars alone.
  const bool positive = std::ranges::none_of(table.lines, [](const results::Line& line) { return line.train.spread.mean < 0; });
  // gnuplot derives no range from lines alone.
  script += !points ? "set xrange [0:1]\n" : positive ? "set xrange [0:*]\n" : "set autoscale x\n";
  return script + "plot " + plot + "\n";
}

}  // namespace

std::vector<Figure> accuracy_energy(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    std::vector<std::string> panels;
    for (const results::Table* table : sets[s].tables) panels.push_back(panel(*table, panels.size()));
    const std::string title = results::title_of(sets[s]);
    result.push_back(arrange({name_of("accuracy-energy", sets[s], s), "Accuracy against training energy: " + title, 560, 430,
                              "set grid\nset key below samplen 2\nset bmargin 10\nset rmargin 5\nset xtics autofreq\n"
                              "set offsets graph 0.08, graph 0.08, graph 0.18, graph 0.08\n"},
                             title, panels));
  }
  return result;
}

}  // namespace tbft::plots
