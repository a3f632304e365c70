#include "harness/paper/reproduction_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "harness/experiment/experiments.h"
#include "harness/host/usage_error.h"
#include "harness/training/pretrain.h"

namespace tbft {

namespace {

constexpr auto cifar10_page = "https://www.cs.toronto.edu/~kriz/cifar.html (cifar-10-binary.tar.gz, unpacked)";
constexpr auto checkpoint_hint =
    "a state dict of the paper's network named *cifar10*.pth in the data folder, or --checkpoint FILE; `tbft pretrain` trains "
    "one";

// What a table needs, and where to get it.
struct Need {
  std::filesystem::path path;  // empty: it is missing
  std::string what, where;
};
// The data and base model of a table.
struct Input {
  std::string path;
  std::filesystem::path checkpoint;
  std::vector<Need> needs;
  std::string train_path = {};
  std::optional<BaseTraining> base = {};
};

Input over_cifar10(const Material& m) {
  return {m.cifar10_test,
          m.cifar10_base,
          {{m.cifar10_test, "the CIFAR-10 test images", cifar10_page}, {m.cifar10_base, "a base model", checkpoint_hint}}};
}

Input cifar10_c(const Material& m) {
  return {m.cifar10_c,
          m.cifar10_lossless_base,
          {{m.cifar10_c, "the official CIFAR-10-C files", "https://zenodo.org/record/2535967 (CIFAR-10-C.tar, unpacked)"},
           {m.cifar10_lossless_base, "a base model", checkpoint_hint}}};
}

Input block_noise(const Material& m) {
  Input input = over_cifar10(m);
  input.train_path = m.cifar10_train;
  input.needs.push_back({m.cifar10_train, "the CIFAR-10 training images", cifar10_page});
  return input;
}

// A base model of the source part, trained by `recipe` on the first data set and validated on the second.
BaseTraining source_training(const std::string& name, const std::string& recipe, data::DatasetSpec train,
                             data::DatasetSpec val) {
  train.name = val.name = name;
  train.params["part"] = val.params["part"] = "source";
  return {name, recipe, {}, std::move(train), std::move(val)};
}

Input living17(const Material& m) {
  Input input{m.imagenet,
              m.living17_base,
              {{m.imagenet, "ImageNet-1k as train/<wnid>/ and val/<wnid>/", "https://image-net.org/download.php"}}};
  if (m.living17_base.empty())
    input.base =
        source_training("living17", "living17", {{}, m.imagenet, {{"split", "train"}}}, {{}, m.imagenet, {{"split", "val"}}});
  return input;
}

Input pairs(const Material& m) {
  const auto& both = m.cifar10_train.empty() ? m.cifar10_train : m.cifar10_test;
  return {m.cifar10_test,
          {},
          {{both, "the CIFAR-10 images", cifar10_page}},
          {},
          source_training("cifar10-pairs", "short", {{}, m.cifar10_train, {}}, {{}, m.cifar10_test, {}})};
}

Input superclasses(const Material& m) {
  constexpr auto page = "https://www.cs.toronto.edu/~kriz/cifar.html (cifar-100-binary.tar.gz, unpacked)";
  return {m.cifar100,
          {},
          {{m.cifar100, "CIFAR-100, the binary version", page}},
          {},
          source_training("cifar100-super", "short", {{}, m.cifar100, {{"split", "train"}}},
                          {{}, m.cifar100, {{"split", "test"}}})};
}

constexpr auto step_cost_table = "step-cost";
constexpr auto four_corruptions = R"(data.conditions=["gaussian_noise-5","defocus_blur-5","contrast-5","jpeg_compression-5"])";

struct TableKind {
  std::string_view name;        // also the name of its experiment file
  std::string_view instead_of;  // for a stand-in: the table that it replaces where that one cannot be made
  Input (*input)(const Material&);
  std::vector<std::string> quick;  // settings of --quick, besides one repetition of the smallest training size
};

// All tables except system-cost, which needs no data and comes first.
const std::vector<TableKind>& tables() {
  static const std::vector<TableKind> list{
      {"cifar-flip", "", over_cifar10, {}},
      {"cifar10-c", "", cifar10_c, {four_corruptions}},
      {"cifar10-c-like", "cifar10-c", over_cifar10, {four_corruptions}},
      {"living17", "", living17, {}},
      {"cifar10-pairs", "living17", pairs, {}},
      {"cifar100-super", "living17", superclasses, {}},
      {"block-noise", "", block_noise, {"sweep.train_sizes=[0.02]", "train.epochs=5"}},
  };
  return list;
}

// The table of an option `TABLE/key=value`; empty for an option that concerns all.
std::string table_of(const std::string& option) {
  const auto slash = option.substr(0, option.find('=')).find('/');
  return slash == std::string::npos ? "" : option.substr(0, slash);
}

// Whether two tables replace each other: a stand-in and its original, or two stand-ins of one table.
bool needs_no_stand_in(const TableKind& table, const std::vector<std::string_view>& made) {
  return !table.instead_of.empty() && std::ranges::any_of(tables(), [&](const TableKind& other) {
    return (other.name == table.instead_of || other.instead_of == table.instead_of) &&
           std::ranges::find(made, other.name) != made.end();
  });
}

// The options for one table: `TABLE/key=value` without the prefix, and the options for all.
std::vector<std::string> options_for(std::string_view table, const std::vector<std::string>& set) {
  std::vector<std::string> options;
  for (const auto& option : set) {
    const auto of = table_of(option);
    if (of.empty())
      options.push_back(option);
    else if (of == table)
      options.push_back(option.substr(of.size() + 1));
  }
  return options;
}

TableJob job(const TableKind& table, Input input, const ReproductionRequest& request) {
  std::vector<std::string> set;
  // In quotes, because the name of a file may be a number.
  const auto put = [&](std::string_view key, const std::string& value) {
    const bool has_quotes = value.find('\'') != std::string::npos;
    set.push_back(has_quotes ? string_option(key, value) : fmt::format("{}='{}'", key, value));
  };
  if (request.quick) {
    set.insert(set.end(), {"sweep.repetitions=1", "sweep.train_sizes=[0.1]"});
    set.insert(set.end(), table.quick.begin(), table.quick.end());
  }
  if (input.base) {
    if (request.quick) input.base->epochs = 4;
    // Each recipe has its own file, so that no run continues with the wrong base model.
    const auto epochs = input.base->epochs.value_or(find_recipe(input.base->recipe).settings.epochs);
    input.checkpoint = request.output / "base" / fmt::format("{}-{}-{}.pth", input.base->name, input.base->recipe, epochs);
  }
  put("data.path", input.path);
  put("data.train_path", input.train_path);
  put("model.checkpoint", input.checkpoint.string());
  set.push_back(string_option("meter.uri", request.meter.uri));
  const auto own = options_for(table.name, request.set);
  set.insert(set.end(), own.begin(), own.end());
  const Experiment* experiment = find_experiment(table.name);
  if (experiment == nullptr) throw std::logic_error(fmt::format("no built-in experiment {}", table.name));
  ExperimentOrigin origin{std::string(table.name), true};
  auto settings = parse_settings(experiment->toml, origin.text(), set);
  return {std::string(table.name), std::move(settings), input.base, std::move(origin)};
}

void check_names(const std::vector<std::string>& wanted) {
  const auto known = table_names();
  for (const auto& name : wanted)
    if (std::ranges::find(known, name) == known.end())
      throw UsageError(fmt::format("unknown table '{}'; known: {}", name, fmt::join(known, ", ")));
}

}  // namespace

std::vector<std::string_view> table_names() {
  std::vector<std::string_view> names{step_cost_table};
  for (const auto& table : tables()) names.push_back(table.name);
  return names;
}

ReproductionPlan plan_reproduction(const ReproductionRequest& request, const Material& found) {
  check_names(request.tables);
  for (const auto& option : request.set)
    if (const auto table = table_of(option); !table.empty()) check_names({table});
  Material material = found;
  if (!request.checkpoint.empty()) {
    if (!std::filesystem::exists(request.checkpoint))
      throw UsageError(fmt::format("--checkpoint {}: no such file", request.checkpoint.string()));
    material.cifar10_base = material.cifar10_lossless_base = request.checkpoint;
  }
  const auto asked = [&](std::string_view name) { return std::ranges::find(request.tables, name) != request.tables.end(); };
  ReproductionPlan plan;
  plan.step_cost = request.tables.empty() || asked(step_cost_table);
  std::vector<std::string_view> made;
  for (const auto& table : tables()) {
    if (!request.tables.empty() && !asked(table.name)) continue;
    // A stand-in is made if its original is not, or if the user names it.
    const bool needless = std::ranges::find(made, table.instead_of) != made.end();
    if (needless && !asked(table.name)) continue;
    Input input = table.input(material);
    std::erase_if(input.needs, [](const Need& need) { return !need.path.empty(); });
    if (input.needs.empty()) {
      plan.jobs.push_back(job(table, std::move(input), request));
      made.push_back(table.name);
      continue;
    }
    // A stand-in counts as missing only if nothing else replaces the table.
    if (needs_no_stand_in(table, made)) continue;
    for (const auto& need : input.needs) plan.missing.push_back({std::string(table.name), need.what, need.where});
  }
  for (const auto& option : request.set) {
    const auto table = table_of(option);
    if (!table.empty() && std::ranges::find(plan.jobs, table, &TableJob::name) == plan.jobs.end())
      throw UsageError(fmt::format("--set {}: {} is not a table that is made here, or takes no settings; tables: {}", option,
                                   table, fmt::join(made, ", ")));
  }
  if (request.quick)
    plan.notes.emplace_back(
        "--quick: one repetition of the smallest training size, short trainings; not comparable with the paper");
  for (const auto& option : request.set) plan.notes.push_back("set: " + option);
  for (const auto& job : plan.jobs)
    if (job.base)
      plan.notes.push_back(fmt::format("{}: base model trained here, recipe {}, {} epochs", job.name, job.base->recipe,
                                       job.base->epochs.value_or(find_recipe(job.base->recipe).settings.epochs)));
  return plan;
}

}  // namespace tbft
