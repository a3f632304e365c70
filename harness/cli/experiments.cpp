// tbft experiments: lists the built-in experiments, or prints one as a file to start from.
#include "harness/experiment/experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/edit_distance.h"

namespace tbft::cli {

namespace {

struct ExperimentsOptions {
  std::string name;
  bool json = false;
};

nlohmann::ordered_json json_of(const Experiment& experiment) {
  return {{"name", experiment.name}, {"protocol", experiment.protocol}, {"description", experiment.description}};
}

int list(bool json) {
  if (json) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& experiment : experiments()) all.push_back(json_of(experiment));
    print_json(nlohmann::ordered_json{{"experiments", all}}, 1);
    return Exit::ok;
  }
  std::size_t width = 0;
  for (const auto& experiment : experiments()) width = std::max(width, experiment.name.size());
  print_out("{:<{}}  {:<9}  {}\n", "NAME", width, "PROTOCOL", "WHAT");
  for (const auto& experiment : experiments())
    print_out("{:<{}}  {:<9}  {}\n", experiment.name, width, experiment.protocol, experiment.description);
  print_out("`tbft run NAME` runs one, `tbft experiments NAME` prints its file\n");
  return Exit::ok;
}

int execute(const ExperimentsOptions& options) {
  if (options.name.empty()) return list(options.json);
  const Experiment* experiment = find_experiment(options.name);
  if (experiment == nullptr) {
    const auto all = experiments();
    const auto& nearest = nearest_to(options.name, all, &Experiment::name)->name;
    throw UsageError(fmt::format("unknown experiment '{}'; {}`tbft experiments` lists them", options.name,
                                 is_near(options.name, nearest) ? fmt::format("did you mean '{}'? ", nearest) : ""));
  }
  if (options.json) {
    auto object = json_of(*experiment);
    object["toml"] = experiment->toml;
    print_json(object, 1);
  } else {
    write_out(experiment->toml);
  }
  return Exit::ok;
}

}  // namespace

void add_experiments(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "experiments", "List the built-in experiments, or print the file of one", execute);
  command->add_option("name", options->name, "Print the file of this experiment")->type_name("NAME");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft experiments\n"
      "  tbft run quickstart --set model.checkpoint=base.pth\n"
      "  tbft experiments cifar-flip > mine.toml      # a file to change");
}

}  // namespace tbft::cli
