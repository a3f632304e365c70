// Idle power over the run, which is subtracted from every cell's power, and its drift.
#include <fmt/format.h>

#include <ctime>
#include <map>
#include <optional>

#include "plots/gnuplot.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

// Converts "2024-01-31T23:59:59Z" to seconds since 1970; empty for any other text.
std::optional<double> seconds_of(const std::string& utc) {
  std::tm time{};
  const char* end = ::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end == nullptr) return std::nullopt;
  return static_cast<double>(::timegm(&time));
}

struct Run {
  std::map<double, const results::CellRow*> by_time;
  std::string note;
};

}  // namespace

std::vector<Figure> idle_drift(const FigureData& data) {
  std::map<std::string, Run> runs;
  for (const results::CellRow& row : data.inputs.cells) {
    const auto at = seconds_of(row.started_utc);
    if (!row.idle_W || !at) continue;
    Run& run = runs[row.run_id];
    run.by_time[*at] = &row;
    if (const auto note = estimate_note(row); !note.empty()) run.note = note;
  }
  std::string blocks, plot, note;
  std::size_t n = 0;
  for (const auto& [id, run] : runs) {
    blocks += fmt::format("$i{} << EOD\n", n);
    const double first_s = run.by_time.begin()->first;
    // The mean of the idle windows on both sides of a cell; half their difference is the error bar.
    for (const auto& [at_s, row] : run.by_time)
      blocks += fmt::format("{} {} {}\n", (at_s - first_s) / 60, *row->idle_W, std::abs(row->idle_drift_W.value_or(0)) / 2);
    blocks += "EOD\n";
    plot += fmt::format("{}$i{} using 1:2:3 with yerrorlines pointtype {} pointsize 0.5 linewidth 1.5 title {}",
                        n == 0 ? "" : ", ", n, 5 + 2 * (n % 5), in_quotes(id));
    if (!run.note.empty()) note = run.note;
    ++n;
  }
  if (n == 0) return {};
  Figure figure{"idle", "Idle power over the run", 720, 360, ""};
  figure.script = blocks + note_script(note) +
                  "set title \"Idle power beside each cell, over the run\"\nset xlabel \"time since the first cell / "
                  "min\"\nset ylabel \"idle power / W\"\n"
                  "set grid\nset key below\nset bars 0.6\nset offsets graph 0.03, graph 0.03, graph 0.15, graph 0.1\nset "
                  "colorsequence podo\nplot " +
                  plot + "\n";
  return {figure};
}

}  // namespace tbft::plots
