// A plan: the cells of an experiment, their ids and their order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/experiment/settings.h"
#include "harness/experiment/sweep_point.h"

namespace tbft {

// The unit of work, of resuming, and of the rows of cells.csv.
struct Cell {
  std::string id;  // 12 hex digits, see make_plan
  std::string dataset;
  std::string drift;      // input | feature | output, several joined by '+'
  std::string condition;  // such as gaussian_noise-5; may be empty
  double train_size = 0;
  std::string strategy;
  std::int64_t repetition = 0;
  std::int64_t seed = 0;         // training seed: sweep.seed + repetition
  std::int64_t order_index = 0;  // position in the order of execution
  SweepPoint point = {};

  // The drift as text: "input/gaussian_noise-5", "output", "noise-fc".
  std::string drift_text() const { return drift + (drift.empty() || condition.empty() ? "" : "/") + condition; }
};

// Identifies which results are comparable. A hash over it names a run's configuration, and every cell id contains it.
struct Identity {
  std::string checkpoint_sha256;  // model_sha256() of the checkpoint and model.key
  std::string reference_sha256;   // of model.reference; empty without one
  std::string accuracy_json;      // declared settings that can change an accuracy, keys sorted
  std::string config_hash;        // 12 hex digits over all settings except the sweep lists, which may be extended
};

// Computes the identity from `declared`, the settings of the experiment file and --set. It ignores everything detected on a
// machine, so that an experiment has the same ids everywhere. Reads the checkpoint for its hash. Throws UsageError if it cannot
// be read.
Identity identify(const Settings& declared);

// Makes every combination of condition, size, strategy, point and repetition, in the order of repetitions, shuffled within each
// by sweep.seed. A cell's id is the beginning of SHA-256 over drift, condition, size, strategy, repetition, learning rate,
// Identity::accuracy_json and, if the sweep has further axes, the point.
std::vector<Cell> make_plan(const Settings& declared, const Identity& identity);

// The named cells in the order of the plan, each named by its order_index or id. Without names: all. Throws UsageError.
std::vector<Cell> select_cells(const std::vector<Cell>& plan, const std::vector<std::string>& names);

// SHA-256 as lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

// What identifies the weights under a key of a file: the file's hash, followed by ":key" if there is a key.
std::string model_sha256(const std::string& file_sha256, const std::string& key);

}  // namespace tbft
