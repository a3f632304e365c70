// The paper's two headline numbers, 15.30 points and 41.57 %, recomputed from measured cells in three views each
// (headline_views.cpp), next to the paper's own by the same code.
//
// Accuracy, the mean over (data set x training size) tables, conditions averaged first, of
//   target - block-avg   the block that the paper tunes at this drift level (input block1, feature block3, output fc; with more
//                        blocks, feature the last one before fc) minus the mean of all blocks. The paper's 15.30 is of this
//                        view.
//   target - full        the same block minus full fine-tuning
//   picked - block-avg   the block that a user would have picked: the one of the lowest mean validation loss if all have one,
//                        otherwise of the highest test accuracy. Resampling does not change the pick.
// Saving of energy against full, percent:
//   block-avg            the mean of the blocks' savings, over networks. The paper's 41.57 is of this view.
//   target, picked       the savings of those blocks, over the tables
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
#include "results/tables/section.h"
#include "results/tables/step_costs.h"

namespace tbft::results {

inline constexpr std::array<std::string_view, 3> drift_levels{"input", "feature", "output"};
inline constexpr std::array<std::string_view, 3> paper_sets{"cifar10-c", "living17", "cifar-flip"};

// The table of one (data set, training size), the input of the views.
struct HeadlineTable {
  struct Score {
    double accuracy_pct = unknown;
    ImageScores images;
  };
  template <typename T>
  using ByRepetition = std::map<std::string, std::map<std::int64_t, T>>;  // by strategy, then by repetition

  std::size_t level = 0;  // index in drift_levels
  std::string dataset, size;
  std::string network;  // tables of one network share its savings; tables of cells have their own
  ByRepetition<Score> accuracy;
  ByRepetition<double> cost;  // joules, or seconds
  std::string picked;         // the picked block; empty while one of them has no result
  bool by_validation = false;
};

struct HeadlineView {
  std::string quantity;  // accuracy_points | training_saving_pct | step_saving_pct
  std::string view;      // target - block-avg | target - full | picked - block-avg | block-avg | target | picked
  std::array<double, 3> level{unknown, unknown, unknown};  // mean over the tables of each drift level
  double mean = unknown;
  Interval interval;       // 95 %, bootstrap over repetitions within each table and over test images where all are known
  std::size_t tables = 0;  // number of tables, or of networks for block-avg
};
// Computes the views of measured or published tables. A view without a suitable table is left out.
std::vector<HeadlineView> accuracy_views(std::span<const HeadlineTable> tables);
std::vector<HeadlineView> saving_views(std::span<const HeadlineTable> tables, std::string_view quantity);

// The paper's nine tables, restricted to the given levels, with the joules of its system-cost table.
std::vector<HeadlineTable> published_tables(std::span<const std::string_view> levels);

// The block that the paper tunes at the table's drift level.
std::string target_of(const HeadlineTable& table);

// Sets the block that a user would have picked, from each block's mean validation loss (unknown where there is none).
void pick(HeadlineTable& table, const std::map<std::string, double>& losses);

struct HeadlineLine {
  HeadlineView measured;
  HeadlineView paper;                  // computed by the same code over all three levels
  double paper_same_levels = unknown;  // over the measured levels only
  double printed = unknown;            // 15.30 or 41.57, as printed in the abstract
};
struct Headline {
  std::string protocol, board, network, point;
  std::vector<HeadlineLine> lines;
  std::vector<std::string> missing_levels;
  std::vector<std::string> notes;  // on data, stand-ins, picks, estimates and missing parts
};
// One headline for each protocol, board and network that has results of all four blocks on the paper's data of some drift level
// or a stand-in for them; none for a network that is known not to be the paper's. At each level one data set counts: the
// paper's own, otherwise the first stand-in by name; a note names the others. If a board has several step-cost runs, the last
// counts. A board with step costs only has a headline too.
std::vector<Headline> headlines(std::span<const Group> groups, std::span<const StepCostTable> step_costs);

Section section_of(const Headline& headline);

}  // namespace tbft::results
