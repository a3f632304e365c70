// The tables of one data set brought together: what the paper has as one table or one chart.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/summary.h"

namespace tbft::results {

// Of one data set, drift, protocol and board, by training size: of several conditions their mean.
struct TableSet {
  Key key;  // train_size empty
  std::vector<const Table*> tables;
};
// Tables without an accuracy are left out. They stay those of `summary`.
std::vector<TableSet> table_sets(const Summary& summary);

// "synthetic, input drift, mean of 15 conditions, paper protocol, BOARD" without the training size.
std::string title_of(const TableSet& set);
// "10 %"
std::string size_text(const Key& key);

// As the paper prints it: a line a strategy, a column of accuracies and one of savings a training size.
Section paper_section(const TableSet& set);

}  // namespace tbft::results
