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

// The winner of one data set, drift level, protocol, board and network, averaged over conditions and training sizes.
struct Winner {
  Key key;                           // condition and train_size empty
  std::size_t tables = 1;            // number of tables averaged
  std::string strategy;              // the block of highest mean accuracy; empty while one of them has no result
  std::vector<std::string> missing;  // the blocks without a result
  std::vector<std::string>
      near_ties;  // blocks whose 95 % interval overlaps the winner's (with one repetition: of equal accuracy)
  Statistics accuracy_pct, block_avg_pct, full_pct;
  TrainJoules train, full_train;
  JoulesBasis energy;
  std::string paper_table, paper_strategy;  // the winner in the paper's table
  bool same_data = false;                   // whether that table is of this data set
};

// The block with the highest accuracy of a table of the paper, averaged over its training sizes.
std::string paper_winner(std::string_view table);

// The groups of each data set, level of drift (input, feature or output alone) and origin: keys without condition and size.
std::map<Key, std::vector<Group>> by_level(std::span<const Group> groups);

// The winners of the drift levels input, feature and output, in that order.
std::vector<Winner> winners(std::span<const Group> groups);

// "input drift: block1 won with 71.3 % (block-avg 65.0 %, full 72.0 %), 12.3 J against 20.1 J for full; paper: block1".
// `with_data`: also name the data set, protocol, board and network, for a report with several of one drift level.
std::string to_line(const Winner& winner, bool with_data);

}  // namespace tbft::results
