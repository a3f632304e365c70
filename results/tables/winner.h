// The winning block of each drift level: the answer that the experiment was run for. Drifts of several levels
// ("input+output") have tables of their own and take no part here or in the headline, because the paper's claim is about one
// level at a time.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/tables/table.h"

namespace tbft::results {

// A strategy beside the blocks that is compared with the best block, cell by cell over the repetitions that both have.
struct Rival {
  std::string strategy;
  Statistics accuracy_pct;
  Statistics points;  // its accuracy less the best block's; the 95 % interval of one repetition is over known test images
  Ratio joules;       // its training joules over the best block's; unknown for `none`, which trains nothing
  double epochs = unknown;
};

// The winner of one data set, drift level, protocol, board and network, averaged over conditions and training sizes.
struct Winner {
  Key key;                             // condition and train_size empty
  std::size_t tables = 1, pooled = 1;  // of how many tables, and how many of them have all cells and were averaged
  std::string strategy;                // the block of highest mean accuracy; empty while no table has results of all blocks
  std::vector<std::string> missing;    // the blocks without a result in any table
  std::vector<std::string>
      near_ties;  // blocks whose 95 % interval overlaps the winner's (with one repetition: of equal accuracy)
  Statistics accuracy_pct, block_avg_pct, full_pct;
  double epochs = unknown;    // mean, of the winner
  std::vector<Rival> rivals;  // full, bn-stats, none, and the most accurate strategy where it is none of these
  TrainJoules train, full_train;
  JoulesBasis energy;
  std::string paper_table, paper_strategy;  // the winner in the paper's table
  bool same_data = false;                   // whether that table is of this data set
};

// The block with the highest accuracy of a table of the paper, averaged over its training sizes.
std::string paper_winner(std::string_view table);

// The groups of each data set, level of drift (input, feature or output alone) and origin: keys without condition and size.
std::map<Key, std::vector<Group>> by_drift_level(std::span<const Group> groups);

// The winners of the drift levels input, feature and output, in that order.
std::vector<Winner> winners(std::span<const Group> groups);

// "input drift: the best block is block1 with 71.3 % (block-avg 65.0 %, full 72.0 %), 12.3 J against 20.1 J for full; paper:
// block1".
// `with_data`: also name the data set, protocol, board and network, for a report with several of one drift level.
std::string to_line(const Winner& winner, bool with_data);

// Whether each rival is better or cheaper, one line each: "input drift: full is neither better nor cheaper than block1: 69.0 %
// (-2.3 points [-3.1, -1.5]), 1.63 +- 0.05 times the joules of block1". Where the interval of the points or U of the ratio is
// unknown, "seems" stands for "is". `none` has a line only where it is not clearly worse.
std::vector<std::string> rival_lines(const Winner& winner, bool with_data);

// "output drift: fc used 3.4 +- 0.1 times fewer joules than full at +35.0 points"; empty where one of them is not resolved.
// +- covers the repetitions (95 %) and the meter (k = 2) without its gain error; of one repetition it is the meter's alone, and
// the line says so.
std::string joules_line(const Winner& winner, bool with_data);

}  // namespace tbft::results
