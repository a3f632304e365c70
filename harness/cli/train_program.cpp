#include "harness/cli/train_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace tbft::cli {

namespace fs = std::filesystem;

std::span<const TrainCommand> train_commands() {
  static constexpr std::array<TrainCommand, 10> commands{{
      {"run", "Run an experiment file: train, test and measure every cell, and write a row of cells.csv for each", true},
      {"reproduce", "Make every table of the paper that the data allow, beside the published numbers; list what is missing",
       true},
      {"merge", "Merge the run directories of cells that were run separately (run --cell)"},
      {"eval", "Test a checkpoint on a data set", true},
      {"pretrain", "Train a base model from random weights on source data", true},
      {"data", "Data sets: list, info, split, export, corrupt"},
      {"cost", "Compute the cost of each strategy by the model of multiply-accumulates and activations"},
      {"step-cost", "Measure time and joules of one training step of one image by strategy (the paper's energy table)", true},
      {"diagnose", "Name the level of a drift from a few labelled images of the target", true},
      {"personalize", "Adapt a base model to a few labelled images: diagnose, choose, tune, test, and measure the joules",
       true},
  }};
  return commands;
}

const TrainCommand* find_train_command(std::string_view name) {
  const auto found = std::ranges::find(train_commands(), name, &TrainCommand::name);
  return found == train_commands().end() ? nullptr : &*found;
}

std::string summary_of_train_command(std::string_view name) {
  const TrainCommand* command = find_train_command(name);
  if (command == nullptr) throw std::out_of_range(fmt::format("tbft-train: no command {}", name));
  return std::string(command->summary);
}

void let_openmp_threads_sleep() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "3000", /*overwrite=*/0);
}

fs::path find_train_program() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& program : {folder / "tbft-train", folder / "../libexec/tbft/tbft-train"}) {
    std::error_code none;
    if (fs::exists(program, none)) return program.lexically_normal();
  }
  return {};
}

void become_train_program(std::string_view command, char** argv) {
  const fs::path program = find_train_program();
  if (program.empty()) {
    const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
    throw std::runtime_error(fmt::format(
        "{}: this command needs the program tbft-train, which is neither in {} nor in {}; install the package tbft-train",
        command, folder.string(), (folder.parent_path() / "libexec/tbft").string()));
  }
  execv(program.c_str(), argv);
  throw std::system_error(errno, std::generic_category(), program.string());
}

}  // namespace tbft::cli
