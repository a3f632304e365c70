// The settings of an experiment, from a TOML file and --set, with their defaults (the paper's protocol).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/network_file.h"

namespace tbft {

inline constexpr double paper_val_size = 0.15;

struct Settings {
  std::string name;
  std::string description;
  std::string protocol = "paper";  // paper | efficient
  std::int64_t threads = 0;        // 0: all cores that this process may use
  std::string backend =
      "auto";  // of convolutions, and of a ViT's linear layers: onednn | native | auto: onednn if libtorch has it
  std::string layout = "channels_last";  // of activations; or contiguous: torch's own operations, slower
  std::string memory_limit;              // "512MiB": for the peak resident set; chooses batch and cache; empty: none

  struct {
    std::string dataset;     // name in cells.csv
    std::string path;        // a path or name:PATH?key=value
    std::string train_path;  // images to train on that are not part of path; empty: a part of path is used
    std::vector<std::string> conditions;
  } data;
  struct {
    std::string checkpoint;
    std::string key;                            // of the weights in a checkpoint with several models; empty: the one that fits
    std::string reference;                      // of the source, from tbft diagnose --save-reference; for strategy diagnosed
    std::map<std::string, double> noise_sigma;  // by block, for conditions noise-BLOCK; missing blocks are searched
    std::string network;                        // torchscript; empty: the family that the checkpoint's tensors fit
    models::BlockTable blocks;                  // of a TorchScript file
    std::int64_t pixels = 0;                    // side of the images; 0: the family's usual
    std::vector<double> mean, deviation;        // of the three colours, in [0, 1]; empty: the family's
  } model;
  struct {
    std::vector<double> train_sizes{0.1};
    std::vector<std::string> strategies{"none", "bn-stats", "block1", "block2", "block3", "fc", "full"};
    double val_size = paper_val_size;  // fraction of all n for validation; the rest of the paper's part is for testing
    std::int64_t repetitions = 1;
    std::int64_t seed = 0;         // training seed is seed + repetition
    std::int64_t split_seed = 42;  // the same in every repetition
    // Further axes, each empty or with the values to combine; see sweep_point.h.
    std::vector<std::int64_t> threads, batch, max_kHz;
    std::vector<std::string> governor;
    std::string until;  // "train_J 2 %": no further repetition of a cell whose mean is so well known; empty: all
  } sweep;
  struct {
    std::string optimizer = "sgd";  // sgd | adam
    std::map<std::string, double> lr{{"default", 1e-3}, {"fc", 1e-2}};
    double momentum = 0.9;
    double weight_decay = 5e-4;
    std::int64_t batch = 128;
    std::int64_t epochs = 10;
    std::int64_t patience = 5;
    bool augment = false;           // random crop (pad 4) and mirror of the training images
    std::vector<double> lr_search;  // multiples of a strategy's learning rate to try first; empty: no search
    std::string batchnorm;          // train | frozen-eval | eval; empty: by protocol (paper: train, efficient: frozen-eval)
    std::string cache = "auto";     // kept outputs of the frozen blocks: fp32 | bf16 | off; auto: fp32 if exact
    std::int64_t cache_limit_MiB = 1024;  // larger caches go to a mapped file in $TMPDIR
    bool refresh_bn = false;              // efficient: one bn-stats pass over the training images before any block is frozen
  } train;
  struct {
    std::string uri = "auto";
    std::vector<std::string> also;  // meters that measure beside it; their joules are in meters.csv
    double interval_s = 0;          // 0: the meter's default
    std::string marker;             // GPIO lines raised in phases, see power/gpio_marker.h; empty: none
    std::string trace = "full";     // readings in traces/: full | cells (in windows, with the readings beside them) | off
    std::string realtime = "auto";  // priority of the sampling thread: auto (where permitted) | on | off
  } meter;
  struct {
    double seconds = -1;  // -1: by meter (5 s; 0 for an estimate, whose idle power is an assumption)
  } idle;
  struct {
    double max_C = 0;  // 0: do not wait
    double timeout_s = 600;
  } cooldown;
  bool warmup = true;
  bool trace_steps = false;  // also mark forward, backward and step in the trace

  std::set<std::string> declared;  // names of the keys that the file or --set gives a value, the default's included

  double lr_of(std::string_view strategy) const;
};

// A quantity of cells.csv and how well its mean over the repetitions shall be known.
struct Precision {
  std::string quantity;  // train_J or train_s; empty: no target
  double relative = 0;   // half-width of the 95 % interval over the mean
};
// Of sweep.until. Throws UsageError if it is neither empty nor like "train_J 2 %".
Precision precision_of(const Settings& settings);

// Bytes of a size such as "512MiB" or "2GB" (MB, MiB, GB, GiB). Throws UsageError, which begins with `where`.
std::int64_t parse_size(const std::string& where, std::string_view text);
// Of memory_limit, in bytes; nothing without one. Throws UsageError.
std::optional<std::int64_t> memory_limit_bytes(const Settings& settings);

// What a setting influences, and therefore which executions of a run may differ in it.
enum class SettingRole {
  result,   // the accuracy: part of every cell's id
  machine,  // the accuracy's last digits, and joules: part of every cell's id as declared; the machine replaces 0 and `auto`
  list,     // the cells of the plan: each id contains its cell's own value, and a plan may grow by it
  run,      // joules, times and names: not part of an id, but the same for the whole run
  place,    // paths, and which readings are kept: may differ between executions
};

struct SettingKey {
  std::string_view name;
  SettingRole role;
  std::string_view help;
};
// All keys for files and --set, in order.
std::span<const SettingKey> setting_keys();

// Reads a file, applies `key=value` options in order (values as in TOML; a word without quotes is a string), and checks the
// result. Throws UsageError with file and line; for an unknown key it suggests the nearest known one.
Settings read_settings(const std::string& path, const std::vector<std::string>& set_options);
// The same for a text in memory; `name` stands for the file in errors.
Settings parse_settings(std::string_view toml, const std::string& name, const std::vector<std::string>& set_options);
// A `key=value` option for a text that may contain quotes, brackets and braces.
std::string string_option(std::string_view key, std::string_view value);
std::string string_option(std::string_view key, const std::vector<std::string>& values);
// Reads a file for its table [model] alone: the rest is neither required nor checked. Throws UsageError.
Settings read_model_settings(const std::string& path);
// Checks ranges, names and required keys. Throws UsageError.
void check(const Settings& settings);
// The file of the base model and how to read it. `allow_script` is not a setting: only a command line may permit it.
models::NetworkFile network_file(const Settings& settings, bool allow_script);
// Sets what protocol and data set determine (BatchNorm's mode, cache, conditions), which is the same on every machine.
Settings completed(Settings settings);
// Like completed(), and sets threads to `cores` if the settings leave it open. set_compute() sets the back end.
Settings effective(Settings settings, std::int64_t cores);

// Returns {"key": value} as flat JSON text with sorted keys.
std::string to_json(const Settings& settings);

}  // namespace tbft
