// The paper's table from a group of cells: one line for each strategy, with savings against full fine-tuning and the published
// numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/published/published.h"
#include "results/tables/group.h"

namespace tbft::results {

// The kind of joules in a column: net of idle if every strategy with joules has net joules, otherwise gross. `none`: no joules,
// or joules that must not be averaged.
enum class Basis { none, net, gross };
std::string_view to_string(Basis basis);  // "net", "gross", "" for none

// Describes the joules of some rows.
struct JoulesBasis {
  Basis basis = Basis::none;
  bool one_meter = false;  // its gain is common to all cells and cancels in ratios
  std::string caption;  // "board joules, net of idle, ina219:///dev/i2c-1", a note on an estimate, or the reason for no joules
  bool estimate = false;  // not a measurement
};
JoulesBasis energy_of(const Group& group);

// The joules of one strategy; unknown if the group has none.
struct TrainJoules {
  Statistics spread;      // over repetitions
  double U_J = unknown;   // of the mean, expanded (k = 2), by the meter
  bool resolved = false;  // is_resolved() of the mean
};
TrainJoules train_joules(const Group& group, const std::string& strategy, const JoulesBasis& energy);

// 100 (1 - J / J_full) over the repetitions where both are known; unknown where a mean is not resolved. U (k = 2) excludes the
// meter's gain error, which cancels in a ratio of two runs on the same meter.
struct Saving {
  double percent = unknown, U_percent = unknown;
};
Saving saving(const Group& group, const std::string& strategy, const JoulesBasis& energy);

Statistics accuracy(const Group& group, const std::string& strategy);

struct Line {
  std::string strategy;
  Statistics accuracy_pct;
  TrainJoules train;
  Saving saving;
  std::optional<double> paper_accuracy_pct, paper_sd_pct, paper_saving_pct;
};

struct Table {
  Key key;
  std::size_t tables = 1;  // more than 1 for a mean of tables
  JoulesBasis energy;
  std::set<Source> sources;
  std::optional<PaperColumn> paper;
  std::vector<std::string> captions;
  std::vector<Line> lines;
};
Table make_table(const Group& group);

// The captions of a table: notes on the joules, and on cells without joules or left out.
std::vector<std::string> captions_of(const Group& group, const JoulesBasis& energy);
// The joules of one cell on this basis, which must not be Basis::none.
const Joules& joules_of(const Value& value, Basis basis);

// "synthetic, input drift, gaussian_noise-5, 10 % of the data for training", with protocol, board and network where known.
std::string title(const Table& table);

}  // namespace tbft::results
