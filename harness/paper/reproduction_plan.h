// Plans which of the paper's tables `tbft reproduce` can make from the data, how, and what is missing for the others. No torch
// here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/experiment/experiments.h"
#include "harness/experiment/settings.h"
#include "harness/measurement/run_meter.h"
#include "results/reproduction.h"

namespace tbft {

// The data sets and checkpoints of a folder, by their names; no image is opened. Data sets are specs for load_dataset(),
// checkpoints are paths; empty where the folder has none.
struct Material {
  std::string cifar10_train, cifar10_test;      // cifar10:DIR?part=... or imagefolder:DIR/...
  std::string cifar10_c;                        // the official .npy files
  std::string cifar100;                         // the official binary version
  std::string imagenet;                         // train/<wnid>/, val/<wnid>/
  std::filesystem::path cifar10_base;           // for the images above
  std::filesystem::path cifar10_lossless_base;  // for CIFAR-10-C, which was made from lossless images
  std::filesystem::path living17_base;
};

// Searches `folder` two levels deep: CIFAR-10 as *.bin or as {train,test}/CLASS/; CIFAR-10-C as gaussian_noise.npy and
// labels.npy; checkpoints by name, *cifar10*.pth and *living17*.pth. Of several CIFAR-10 checkpoints, the one named *jpeg* is
// used for images in folders (JPEG), and another one for lossless images. A single one is used for both. Throws
// std::runtime_error where `folder` is not a folder.
Material find_material(const std::filesystem::path& folder);

// A base model that must be trained first.
struct BaseTraining {
  std::string name;  // of its file in base/
  std::string recipe;
  std::optional<std::int64_t> epochs;  // instead of the recipe's
  data::DatasetSpec train, val;
};

struct TableJob {
  std::string name;  // sub-folder of the run directory
  Settings settings;
  std::optional<BaseTraining> base;  // if set, settings.model.checkpoint is the file that will be written
  ExperimentOrigin experiment;       // always a built-in one, so that no file beside the program can change a table
};

struct ReproductionRequest {
  std::filesystem::path data, output;
  std::filesystem::path checkpoint;  // base model of CIFAR-10; empty: the one that find_material() chose
  MeterChoice meter;
  bool quick = false;
  std::vector<std::string> tables;  // only these; empty: all that the material allows
  std::vector<std::string> set;     // key=value for every table, TABLE/key=value for one
};

struct ReproductionPlan {
  std::vector<TableJob> jobs;
  bool step_cost = false;
  std::vector<results::Missing> missing;
  std::vector<std::string> notes;  // for the report: how the protocol differs from the paper's
};

// Names of all tables, in the order in which they are made.
std::vector<std::string_view> table_names();

// Throws UsageError for an unknown table or setting.
ReproductionPlan plan_reproduction(const ReproductionRequest& request, const Material& material);

}  // namespace tbft
