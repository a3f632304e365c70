// The reproduction report: the paper's five tables measured, published and their difference, cell by cell, and whether they
// agree.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/inputs.h"
#include "results/report.h"
#include "results/statistics.h"
#include "results/tables/headline.h"

namespace tbft::results {

// What could not be measured, and where to get it: told by the caller, who knows.
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
  std::string name;                 // as the paper has it: 10%, noise@block1, 32px-10out
  std::vector<ComparedCell> cells;  // none and bn-stats too, measured or not
  // Of the four blocks, unknown or empty until all are measured.
  double spearman = unknown;
  bool same_order = false;
  std::string best, paper_best;
};

struct ComparedTable {
  std::string paper_table;
  std::string data;  // "cifar10-c-like, a stand-in for cifar10-c"; empty where nothing was measured
  std::string protocol, board;
  std::vector<ComparedColumn> columns;
  std::vector<std::string> captions;
};

inline constexpr double close_points = 5;

// Cells of block1, block2, block3, fc and full (Block Avg follows from them).
struct Agreement {
  std::size_t close = 0, compared = 0, published = 0;      // cells within 5 points, of those measured, of the paper's
  std::size_t same_order = 0, same_best = 0, columns = 0;  // columns, of those with all four blocks
};
Agreement agreement(const ComparedTable& table);

// "order agrees; best block agrees; 14 of 15 cells within 5 points"; "not measured".
std::string verdict(const ComparedTable& table);

struct Reproduction {
  std::vector<ComparedTable> tables;  // in the paper's order; of one without data an empty one
  std::vector<Headline> headlines;
  std::vector<Missing> missing;
  std::vector<std::string> notes;  // of the caller: how the numbers were made, where not as published
};
// Accuracies stand beside the table that paper_column() names, a table a data set, protocol and board, conditions averaged;
// training sizes that the paper has not are named in a caption. Step costs: a table a board, backend and variant, of the
// latest run of each network.
Reproduction reproduce(const Inputs& inputs, std::vector<Missing> missing);

// csv: one line a cell under a constant header.
std::string render(const Reproduction& reproduction, Format format);

}  // namespace tbft::results
