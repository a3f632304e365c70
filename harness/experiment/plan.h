// A plan: the cells of an experiment, their identities and their order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/experiment/settings.h"

namespace tbft {

// The unit of work, resume and CSV row.
struct Cell {
  std::string id;  // 12 hex digits, see make_plan
  std::string dataset;
  std::string drift;      // input | feature | output, joined by '+' where there are several
  std::string condition;  // such as gaussian_noise-5, else empty
  double train_size = 0;
  std::string strategy;
  std::int64_t repetition = 0;
  std::int64_t seed = 0;         // of training: sweep.seed + repetition
  std::int64_t order_index = 0;  // place in the order of execution

  // "input/gaussian_noise-5", "output", "noise-fc": what drifted, for people.
  std::string drift_text() const { return drift + (drift.empty() || condition.empty() ? "" : "/") + condition; }
};

// What makes two results comparable: a hash over it names a run's configuration, and every cell id contains it.
struct Identity {
  std::string checkpoint_sha256;
  std::string reference_sha256;  // of model.reference; empty where there is none
  std::string accuracy_json;     // declared settings that can change an accuracy, keys sorted
  std::string config_hash;       // 12 hex digits over all settings except the sweep lists, which may be extended
};

// `declared`: what the experiment file and --set say. Nothing that a machine detects goes in, so that an experiment has the
// same ids everywhere. Reads the checkpoint for its hash. Throws UsageError where it cannot be read.
Identity identify(const Settings& declared);

// Every (condition, size, strategy, repetition); repetition by repetition, shuffled within one by sweep.seed. A cell's id is
// the head of SHA-256 over drift, condition, size, strategy, repetition, learning rate and Identity::accuracy_json.
std::vector<Cell> make_plan(const Settings& declared, const Identity& identity);

// The cells that are named, in the order of the plan: each by its order_index or its id. None named: all. Throws UsageError.
std::vector<Cell> select_cells(const std::vector<Cell>& plan, const std::vector<std::string>& names);

// Lower-case hex SHA-256.
std::string sha256_hex(std::string_view bytes);

}  // namespace tbft
