// The paper's table from a group of cells: one line for each strategy, with savings against full fine-tuning and the published
// numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/published/published.h"
#include "results/tables/group.h"
#include "results/tables/section.h"

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

// The training joules of a strategy over those of another one.
struct Ratio {
  double value = unknown, U = unknown;
  bool over_repetitions = false;  // whether U has the spread over repetitions; otherwise it is the meter's alone
};
// Over the repetitions where both are known; unknown where a mean is not resolved. U (k = 2) is the meter's, without its gain
// error, which cancels in a ratio of two runs on the same meter.
Ratio joule_ratio(const Group& group, const std::string& strategy, const std::string& other, const JoulesBasis& energy);
// The same, and U also has half of the ratio's 95 % interval over the repetitions: the uncertainty of a statement about the
// strategies. For estimates it has nothing else. Of one repetition U is the meter's alone, and unknown for an estimate.
Ratio ratio_over_repetitions(const Group& group, const std::string& strategy, const std::string& other,
                             const JoulesBasis& energy);

// 100 (1 - J / J_full) with the uncertainty of joule_ratio().
struct Saving {
  double percent = unknown, U_percent = unknown;
};
Saving saving(const Group& group, const std::string& strategy, const JoulesBasis& energy);

Statistics accuracy(const Group& group, const std::string& strategy);
double mean_epochs(const Group& group, const std::string& strategy);  // over the repetitions where they are known

struct Line {
  std::string strategy;
  Statistics accuracy_pct;
  TrainJoules train;
  Saving saving;
  double epochs = unknown;  // mean
  std::optional<double> paper_accuracy_pct, paper_sd_pct, paper_saving_pct;
};

struct Table {
  Key key;
  std::size_t tables = 1;     // more than 1 for a mean of tables
  std::size_t pooled = 1;     // how many of them have all cells and were averaged
  std::vector<Key> left_out;  // the others
  JoulesBasis energy;
  std::set<Source> sources;
  std::optional<PaperColumn> paper;
  std::vector<std::string> captions;
  std::vector<Line> lines;
};
Table make_table(const Group& group);

// nullptr if the table has no such strategy.
const Line* find_line(const Table& table, std::string_view strategy);
// The block of the highest mean accuracy; empty while a block of the network has none.
std::string best_block(const Table& table);
// " *" for the best block, " ^" for a strategy that is more accurate than it and all others, otherwise "".
std::string_view mark(const Table& table, const std::string& strategy);
// What the marks mean.
inline constexpr std::string_view marks_text =
    "*: best block, the block of the highest mean accuracy; ^: the most accurate strategy, where that is not the best block";

// The captions of a table: notes on the joules, and on cells without joules or left out.
std::vector<std::string> captions_of(const Group& group, const JoulesBasis& energy);
// Names the strategies whose joules are known but not resolved, and what is not formed with them: "saving".
std::string unresolved_caption(std::string_view what, const std::vector<std::string>& strategies);
// The joules of one cell on this basis, which must not be Basis::none.
const Joules& joules_of(const Value& value, Basis basis);

// "synthetic, input drift, gaussian_noise-5, 10 % of the data for training"
std::string subject_text(const Key& key);
// "paper protocol, BOARD, NETWORK", of which each only where known
std::string origin_text(const Origin& origin);
// Both.
std::string title(const Table& table);

Section section_of(const Table& table);

}  // namespace tbft::results
