// The three views of the paper's headline as arithmetic over tables of any origin: measured, or published.
//
// Accuracy, the mean over (data set x training size) tables, conditions averaged first, of
//   target - block-avg   the block that the paper tunes at this drift level (input block1, feature block3, output fc) less the
//   mean
//                        of the four blocks: how the paper has its 15.30
//   target - full        the same block less full fine-tuning
//   picked - block-avg   the block that a user would have picked: of the lowest mean validation loss where all four blocks have
//                        one, else of the highest test accuracy. The pick is held fixed in the resampling.
// Saving of energy against full, percent:
//   block-avg            the mean of the four blocks' savings, over networks: how the paper has its 41.57
//   target, picked       of those blocks, over the tables
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/statistics.h"
#include "results/tables/group.h"

namespace tbft::results {

inline constexpr std::array<std::string_view, 3> drift_levels{"input", "feature", "output"};
inline constexpr std::array<std::string_view, 3> paper_sets{"cifar10-c", "living17", "cifar-flip"};
inline constexpr std::array<std::string_view, 3> target_blocks{"block1", "block3", "fc"};

// One (data set, training size): what the views are made of.
struct HeadlineTable {
  struct Score {
    double accuracy_pct = unknown;
    ImageScores images;
  };
  template <typename T>
  using ByRepetition = std::map<std::string, std::map<std::int64_t, T>>;  // by strategy and repetition

  std::size_t level = 0;  // of drift_levels
  std::string dataset, size;
  std::string network;  // tables of one network share its savings; of cells each table has its own
  ByRepetition<Score> accuracy;
  ByRepetition<double> cost;  // joules, or seconds
  std::string picked;         // empty while one of the four blocks has no result
  bool by_validation = false;
};

struct HeadlineView {
  std::string quantity;  // accuracy_points | training_saving_pct | step_saving_pct
  std::string view;      // target - block-avg | target - full | picked - block-avg | block-avg | target | picked
  std::array<double, 3> level{unknown, unknown, unknown};  // mean over the tables of each drift level
  double mean = unknown;
  Interval interval;       // 95 %, bootstrap over repetitions within each table and over test images where all are known
  std::size_t tables = 0;  // or networks, for block-avg
};
// Of tables of any origin: measured, or published. No view without a table for it.
std::vector<HeadlineView> accuracy_views(std::span<const HeadlineTable> tables);
std::vector<HeadlineView> saving_views(std::span<const HeadlineTable> tables, std::string_view quantity);

// The paper's nine tables of the levels named, with the joules of its table of system cost.
std::vector<HeadlineTable> published_tables(std::span<const std::string_view> levels);

// Sets the block that would have been picked, given each block's mean validation loss (unknown where there is none).
void pick(HeadlineTable& table, const std::map<std::string, double>& losses);

}  // namespace tbft::results
