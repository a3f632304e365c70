// The published numbers of "Towards Low-Energy Adaptive Personalization for Resource-Constrained Devices" (EuroMLSys 2024,
// arXiv 2403.15905), and which of them are compared with a result of ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::results {

// Its network, as the column `network` names it.
inline constexpr std::string_view papers_network = "ResNet-26";
// False for a network that is known to be another one. Rows without a name are of the paper's.
bool is_papers_network(std::string_view network);

// One number as printed. One cell contradicts its own row and is kept as printed: Block Avg of CIFAR-Flip at 20 % is 53.65, but
// the four blocks average 53.50.
struct Published {
  std::string table;  // cifar10-c | living17 | cifar-flip | block-noise | system-cost | headline
  std::string dataset;
  std::string condition;  // 10% 20% 30%, noise@block1, 32px-10out
  std::string strategy;
  std::string metric;  // accuracy_pct | time_s | energy_J | energy_saving_pct | accuracy_points
  double value = 0;
  std::optional<double> sd;
};

std::string_view paper_tables_csv();
const std::vector<Published>& published();
// nullptr where the paper has no such number.
const Published* find_published(std::string_view table, std::string_view condition, std::string_view strategy,
                                std::string_view metric);

// The column of the paper that corresponds to a table of ours.
struct PaperColumn {
  std::string table;           // its table of accuracies
  std::string condition;       // its column; empty where the paper does not have our training size
  std::string label;           // "paper"; "paper (cifar10-c)" beside a stand-in
  std::string cost_condition;  // column of system-cost: 128px-17out for living17, otherwise 32px-10out
};
// cifar10-c, living17 and cifar-flip correspond to their own tables, their stand-ins (docs/paper.md) to the tables of what they
// stand for, and a condition noise-BLOCK of cifar10 to the block-noise table. nullopt: nothing corresponds, because an accuracy
// on other data, such as synthetic shapes, or of another network says nothing beside the paper's.
std::optional<PaperColumn> paper_column(std::string_view dataset, std::string_view condition, std::optional<double> train_size,
                                        std::string_view network = "");

}  // namespace tbft::results
