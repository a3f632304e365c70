// Combines the tables of one data set, which the paper prints as one table or one chart.
#pragma once

#include <string>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/summary.h"

namespace tbft::results {

// The tables of one data set, drift, protocol and board by training size: the means over conditions, or those of one condition
// where it has no mean.
struct TableSet {
  Key key;  // train_size empty
  std::vector<const Table*> tables;
};
// Tables without an accuracy are left out. The sets point into `summary`, which must outlive them.
std::vector<TableSet> table_sets(const Summary& summary);

// "synthetic, input drift, mean of 15 conditions, paper protocol, BOARD" without the training size.
std::string title_of(const TableSet& set);
// "10 %"
std::string size_text(const Key& key);

// The section as the paper prints it: a line for each strategy, and a column of accuracies and one of savings for each training
// size.
Section paper_section(const TableSet& set);

}  // namespace tbft::results
