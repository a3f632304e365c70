// The reproduction report: for each cell of the paper's five tables the measured value, the published value and their
// difference, and whether the tables agree.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/inputs.h"
#include "results/report.h"
#include "results/statistics.h"
#include "results/tables/headline.h"

namespace tbft::results {

// Data that are missing, and where to get them. The caller provides this.
struct Missing {
  std::string table;  // of the paper: cifar10-c | living17 | cifar-flip | block-noise | system-cost
  std::string what, where;
};

// Accuracies in percent; for system-cost savings in percent.
struct ComparedCell {
  std::string strategy;
  double measured = unknown;
  Interval interval;  // 95 %
  double paper = unknown;
  double difference() const { return measured - paper; }
};

struct ComparedColumn {
  std::string name;                 // the paper's name: 10%, noise@block1, 32px-10out
  std::vector<ComparedCell> cells;  // including none and bn-stats, measured or not
  // For the four blocks; unknown or empty until all are measured.
  double spearman = unknown;
  bool same_order = false;
  std::string best, paper_best;
};

struct ComparedTable {
  std::string paper_table;
  std::string data;  // "cifar10-c-like, a stand-in for cifar10-c"; empty where nothing was measured
  std::string protocol, board, network, point;
  std::vector<ComparedColumn> columns;
  std::vector<std::string> captions;
};

inline constexpr double close_points = 5;

// Counts cells of block1, block2, block3, fc and full; Block Avg follows from them.
struct Agreement {
  std::size_t close = 0, compared = 0, published = 0;      // cells within 5 points; cells measured; cells of the paper
  std::size_t same_order = 0, same_best = 0, columns = 0;  // counted over columns with all four blocks
};
Agreement agreement(const ComparedTable& table);

// "order agrees; best block agrees; 14 of 15 cells within 5 points"; "not measured".
std::string verdict(const ComparedTable& table);

struct Reproduction {
  std::vector<ComparedTable> tables;  // in the paper's order; empty for a table without data
  std::vector<Headline> headlines;
  std::vector<Missing> missing;
  std::vector<std::string> notes;  // from the caller: where the protocol differs from the published one
};
// Accuracies are compared with the table that paper_column() names. There is one table for each data set, protocol, board and
// network; conditions are averaged. A caption names training sizes that the paper does not have. Step costs have one table for
// each board, backend and variant, from the latest run of each network.
Reproduction reproduce(const Inputs& inputs, std::vector<Missing> missing);

// csv: one line for each cell under a constant header.
// `layout`: of the text.
std::string render(const Reproduction& reproduction, Format format, const Layout& layout = {});

}  // namespace tbft::results
