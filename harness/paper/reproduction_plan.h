// Which of the paper's tables `tbft reproduce` can make from the material at hand, and how; what is missing for the others. No
// torch here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/experiment/settings.h"
#include "harness/paper/material.h"
#include "results/reproduction.h"

namespace tbft {

// A base model that has to be trained first.
struct BaseTraining {
  std::string name;  // of its file in the run directory's base/
  std::string recipe;
  std::optional<std::int64_t> epochs;  // instead of the recipe's
  data::DatasetSpec train, val;
};

struct TableJob {
  std::string name;  // sub-folder of the run directory
  Settings settings;
  std::optional<BaseTraining> base;  // then settings.model.checkpoint is where it goes
};

struct ReproductionRequest {
  std::filesystem::path data, output;
  std::filesystem::path checkpoint;  // of CIFAR-10; empty: as find_material() picks it
  std::string meter = "auto";
  bool quick = false;
  std::vector<std::string> tables;  // only these; empty: all that the material allows
  std::vector<std::string> set;     // key=value for every table, TABLE/key=value for one
};

struct ReproductionPlan {
  std::vector<TableJob> jobs;
  bool step_cost = false;
  std::vector<results::Missing> missing;
  std::vector<std::string> notes;  // how these numbers differ from the paper's protocol, for the report
};

// Names of every table, in the order in which they are made.
std::vector<std::string_view> table_names();

// Throws UsageError for an unknown table or setting.
ReproductionPlan plan_reproduction(const ReproductionRequest& request, const Material& material);

}  // namespace tbft
