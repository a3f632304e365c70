// `tbft data corrupt`: applies the corruptions of CIFAR-10-C to a clean data set, in the layout of the published files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/data/corruption/corruption.h"
#include "harness/data/load_images.h"
#include "harness/data/npy.h"
#include "harness/data/summary.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "results/files.h"

namespace tbft::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct CorruptOptions {
  std::string dataset;
  std::string corruptions = "all";
  std::string severities = "1-5";
  std::uint64_t seed = 0;
  std::string output;
  std::string frost;
  bool json = false;
};

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  return boost::split(parts, list, boost::is_any_of(","));
}

std::vector<const data::Corruption*> chosen_corruptions(const std::string& list) {
  std::vector<const data::Corruption*> chosen;
  if (list == "all") {
    for (const auto& corruption : data::corruptions()) chosen.push_back(&corruption);
    return chosen;
  }
  for (const auto& name : parts_of(list)) {
    chosen.push_back(&data::find_corruption(name));
    if (std::ranges::count(chosen, chosen.back()) > 1) throw UsageError(fmt::format("--corruptions: {} is given twice", name));
  }
  return chosen;
}

// Parses "5", "1-5", "1,3", "1-2,4"; severities must be ascending.
std::vector<int> chosen_severities(const std::string& list) {
  const auto refuse = [&]() -> int {
    throw UsageError(fmt::format("--severities {}: expected severities from 1 to {} in ascending order, such as 1-5, 5 or 1,3",
                                 list, data::severities));
  };
  const auto number = [&](const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= data::severities ? value
                                                                                                               : refuse();
  };
  std::vector<int> chosen;
  for (const auto& part : parts_of(list)) {
    const auto dash = part.find('-');
    const int first = number(part.substr(0, dash)), last = dash == std::string::npos ? first : number(part.substr(dash + 1));
    if (first > last || (!chosen.empty() && first <= chosen.back())) refuse();
    for (int severity = first; severity <= last; ++severity) chosen.push_back(severity);
  }
  return chosen;
}

void write_labels(const fs::path& path, const data::Images& images, std::size_t repeats) {
  std::vector<std::uint8_t> labels;
  for (const auto label : images.labels) {
    if (label < 0 || label > 255) throw data::DataError(fmt::format("label {} does not fit the byte of labels.npy", label));
    labels.push_back(static_cast<std::uint8_t>(label));
  }
  data::NpyWriter writer(path, {images.size() * static_cast<std::int64_t>(repeats)});
  for (std::size_t i = 0; i < repeats; ++i) writer.append(labels);
  writer.commit();
}

struct Job {
  std::vector<const data::Corruption*> corruptions;
  std::vector<int> severities;
  std::uint64_t seed;
  const data::Images& images;
  const data::Frost& frost;
};

void write_arrays(const Job& job, const fs::path& folder) {
  const StopOnSignal stop;
  Console console;
  const std::size_t all = job.corruptions.size() * job.severities.size();
  std::size_t done = 0;
  for (const auto* corruption : job.corruptions) {
    const auto rows = job.images.size() * static_cast<std::int64_t>(job.severities.size());
    data::NpyWriter writer(folder / fmt::format("{}.npy", corruption->name), {rows, job.images.height, job.images.width, 3});
    for (const int severity : job.severities) {
      if (stop.flag()) throw Interrupted("interrupted; nothing was written");
      console.progress(
          fmt::format("{} {}-{}", bar(static_cast<double>(done++) / static_cast<double>(all)), corruption->name, severity));
      writer.append(data::corrupt(job.images, {corruption, severity}, job.seed, job.frost));
    }
    writer.commit();
  }
  write_labels(folder / "labels.npy", job.images, job.severities.size());
}

ordered_json describe(const Job& job, const std::string& dataset) {
  auto corruptions = ordered_json::array();
  for (const auto* corruption : job.corruptions)
    corruptions.push_back({{"name", corruption->name}, {"group", corruption->group}, {"stochastic", corruption->stochastic}});
  return {{"dataset", "cifar10-c-like"},
          {"source", dataset},
          {"source_sha256", data::summarize(job.images).sha256},
          {"n", job.images.size()},
          {"severities", job.severities},
          {"seed", job.seed},
          {"frost", job.frost.kind()},
          {"corruptions", corruptions},
          {"classes", job.images.class_names},
          {"tool_version", tool_version()}};
}

int corrupt(const CorruptOptions& options) {
  auto corruptions = chosen_corruptions(options.corruptions);
  auto severities = chosen_severities(options.severities);
  check_new_folder(options.output);
  Console console;
  const auto images = load_images(options.dataset, console);
  const auto frost = data::Frost::of(options.frost, options.seed);
  const Job job{std::move(corruptions), std::move(severities), options.seed, images, frost};
  const auto description = describe(job, options.dataset).dump(2, ' ', false, ordered_json::error_handler_t::replace);
  write_new_folder(options.output, [&](const fs::path& folder) {
    write_arrays(job, folder);
    results::write_file_atomically(folder / "corruptions.json", description + "\n");
  });
  if (options.json) {
    print_out("{}\n", description);
  } else {
    print_out("{} corruptions of {} images at severities {} in {}, frost {}; use it as cifar10-c-like:{}\n",
              job.corruptions.size(), images.size(), options.severities, options.output, frost.kind(), options.output);
  }
  return ok;
}

}  // namespace

void add_data_corrupt(CLI::App& data, Action& action) {
  const auto [app, options] = add_command(
      data, action, "corrupt", "Apply the corruptions of CIFAR-10-C to a clean data set of 32 px; write .npy files", corrupt);
  app->add_option("--dataset", options->dataset, "NAME:PATH?key=value, or a folder; see `tbft data list`")->required();
  std::vector<std::string_view> names;
  for (const auto& corruption : data::corruptions()) names.push_back(corruption.name);
  app->add_option("--corruptions", options->corruptions,
                  fmt::format("all, or names separated by commas: {}", fmt::join(names, ", ")))
      ->capture_default_str();
  app->add_option("--severities", options->severities, "1-5, 5, or 1,3")->capture_default_str();
  app->add_option("--seed", options->seed, "Seed of the random corruptions")->capture_default_str();
  app->add_option("--frost", options->frost, "Folder of pictures of ice for frost; without it a texture is drawn");
  app->add_option("-o,--output", options->output, "Folder to create: CORRUPTION.npy, labels.npy, corruptions.json")->required();
  app->add_flag("--json", options->json, "Print corruptions.json");
  app->footer(
      "Examples:\n"
      "  tbft data corrupt --dataset cifar10:cifar-10-batches-bin --severities 5 -o cifar10-c-like\n"
      "  tbft data corrupt --dataset imagefolder:photos/test --corruptions fog,frost --frost ice/ -o weather");
}

}  // namespace tbft::cli
