// `tbft data`: lists data sets, summarises one, prints its split, and exports its images as files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/data/dataset.h"
#include "harness/data/load_images.h"
#include "harness/data/split.h"
#include "harness/data/summary.h"
#include "results/files.h"

namespace tbft::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  bool json = false;
  std::string dataset;
  std::int64_t n = 0;
  double train_size = 0;
  std::uint32_t random_state = 42;
  std::string output;
};

data::Images load(const Options& options) {
  Console console;
  return load_images(options.dataset, console);
}

data::Split split_of(std::int64_t n, const Options& options) {
  try {
    return data::paper_split(n, options.train_size, options.random_state);
  } catch (const data::DataError& error) {
    throw UsageError(error.what());
  }
}

int list(const Options& options) {
  if (options.json) {
    auto out = ordered_json::array();
    for (const auto& kind : data::dataset_kinds()) {
      out.push_back({{"name", kind.name},
                     {"drift", kind.drift},
                     {"conditions", kind.conditions},
                     {"condition_forms", kind.grammar == nullptr ? std::vector<std::string_view>{} : kind.grammar->forms},
                     {"default_conditions", data::default_conditions(kind)},
                     {"summary", kind.summary},
                     {"example", kind.example}});
    }
    print_json(out, 2);
    return ok;
  }
  print_out("{:<15} {:<7} {:<21} {}\n", "NAME", "DRIFT", "CONDITIONS", "WHAT");
  for (const auto& kind : data::dataset_kinds()) {
    const bool many = kind.conditions.size() > 10;
    auto conditions =
        many ? fmt::format("{}, see --json", kind.conditions.size()) : fmt::format("{}", fmt::join(kind.conditions, ","));
    if (kind.grammar != nullptr) conditions = "PART+PART...";
    print_out("{:<15} {:<7} {:<21} {}\n", kind.name, kind.drift, conditions, kind.summary);
    print_out("{:<45} {}\n", "", kind.example);
    if (kind.grammar != nullptr) print_out("{:<45} PART: {}\n", "", fmt::join(kind.grammar->forms, ", "));
  }
  return ok;
}

int info(const Options& options) {
  const auto images = load(options);
  const auto summary = data::summarize(images);
  const auto name = data::to_string(data::resolve_dataset(data::parse_dataset_spec(options.dataset)));
  if (options.json) {
    ordered_json classes;
    for (std::size_t i = 0; i < images.class_names.size(); ++i) classes[images.class_names[i]] = summary.images_a_class[i];
    const ordered_json out{{"dataset", name},          {"n", images.size()},      {"height", images.height},
                           {"width", images.width},    {"classes", classes},      {"mean", summary.mean},
                           {"std", summary.deviation}, {"sha256", summary.sha256}};
    print_json(out, 2);
    return ok;
  }
  print_out("data set  {}\nimages    {} of {}x{} px, {} classes\n", name, images.size(), images.width, images.height,
            images.class_names.size());
  std::size_t width = 20;
  for (const auto& class_name : images.class_names) width = std::max(width, class_name.size());
  for (std::size_t i = 0; i < images.class_names.size(); ++i)
    print_out("  {:>2}  {:<{}} {}\n", i, images.class_names[i], width, summary.images_a_class[i]);
  print_out("mean      {:.2f}\nstd       {:.2f}\n", fmt::join(summary.mean, "  "), fmt::join(summary.deviation, "  "));
  print_out("sha256    {}\n", summary.sha256);
  return ok;
}

int split(const Options& options) {
  const auto n = options.dataset.empty() ? options.n : load(options).size();
  const auto parts = split_of(n, options);
  if (options.json) {
    print_json(ordered_json{{"n", n}, {"train", parts.train}, {"val", parts.val}, {"test", parts.test}});
    return ok;
  }
  print_out("train {}\nval {}\ntest {}\n", fmt::join(parts.train, " "), fmt::join(parts.val, " "), fmt::join(parts.test, " "));
  return ok;
}

void write_images(data::Images& images, const fs::path& folder) {
  std::map<std::string, std::string> class_of;  // by folder
  for (auto& name : images.class_names) {
    const auto own = name;
    std::ranges::replace(name, '/', '-');  // "cat/dog" must become one folder, not two
    if (const auto [other, added] = class_of.emplace(name, own); !added)
      throw data::DataError(fmt::format("classes '{}' and '{}' would share the folder {}; rename one of them in the data set",
                                        other->second, own, name));
    fs::create_directories(folder / name);
  }
  constexpr std::int64_t between_reports = 256;
  Console console;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    if (i % between_reports == 0) console.progress(fmt::format("writing image {} of {}", i, images.size()));
    const auto& name = images.class_names[static_cast<std::size_t>(images.labels[static_cast<std::size_t>(i)])];
    const std::vector<std::uint8_t> copy(images.image(i).begin(), images.image(i).end());
    cv::Mat bgr;
    cv::cvtColor(cv::Mat(copy).reshape(3, static_cast<int>(images.height)), bgr, cv::COLOR_RGB2BGR);
    const auto file = folder / name / fmt::format("{:06}.png", i);
    // cv::imwrite reports success on a full disk.
    std::vector<std::uint8_t> png;
    if (!cv::imencode(".png", bgr, png)) throw data::DataError(fmt::format("{}: cannot be encoded", file.string()));
    results::write_file_atomically(file, std::string(png.begin(), png.end()), results::Durable::no);
  }
}

// Writes DIR/CLASS/INDEX.png, which can be read as imagefolder:DIR.
int export_images(const Options& options) {
  check_new_folder(options.output);
  auto images = load(options);
  write_new_folder(options.output, [&](const fs::path& folder) { write_images(images, folder); });
  if (options.json)
    print_json(ordered_json{{"output", options.output}, {"n", images.size()}, {"classes", images.class_names.size()}});
  else
    print_out("{} images in {}\n", images.size(), options.output);
  return ok;
}

void add_json(CLI::App& app, Options& options) {
  app.add_flag("--json", options.json, "JSON instead of text");
}

CLI::Option* add_dataset(CLI::App& app, Options& options) {
  return app.add_option("--dataset", options.dataset, "NAME:PATH?key=value, or a folder; see `tbft data list`");
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  auto& data = *app.add_subcommand("data", summary_of_train_command("data"));
  data.require_subcommand(1);
  data.footer("Example:\n  tbft data info --dataset 'synthetic:?drift=input'");

  const auto [list_app, list_options] = add_command(data, action, "list", "List the known data sets", list);
  add_json(*list_app, *list_options);
  list_app->footer("Examples:\n  tbft data list\n  tbft data list --json");

  const auto [info_app, info_options] =
      add_command(data, action, "info", "Print images, classes, mean and SHA-256 of one data set", info);
  add_dataset(*info_app, *info_options)->required();
  add_json(*info_app, *info_options);
  info_app->footer(
      "Examples:\n"
      "  tbft data info --dataset 'synthetic:?drift=input'\n"
      "  tbft data info --dataset cifar10:cifar-10-batches-bin --json");

  const auto [split_app, of] =
      add_command(data, action, "split", "Print the paper's train, val and test indices (as scikit-learn makes them)", split);
  auto* source = split_app->add_option_group("of");
  source->add_option("--n", of->n, "number of images");
  add_dataset(*source, *of);
  source->require_option(1);
  split_app->add_option("--train-size", of->train_size, "fraction of all images used for training, up to 0.7")->required();
  split_app->add_option("--random-state", of->random_state, "seed of the split")->capture_default_str();
  add_json(*split_app, *of);
  split_app->footer(
      "Examples:\n"
      "  tbft data split --n 10000 --train-size 0.1 --json\n"
      "  tbft data split --dataset imagefolder:photos/test --train-size 0.3");

  const auto [export_app, export_options] =
      add_command(data, action, "export", "Write a data set as DIR/CLASS/INDEX.png", export_images);
  add_dataset(*export_app, *export_options)->required();
  export_app->add_option("-o,--output", export_options->output, "folder to create")->required();
  add_json(*export_app, *export_options);
  export_app->footer("Examples:\n  tbft data export --dataset 'synthetic:?drift=feature&n=200' -o shapes");

  add_data_corrupt(data, action);
}

}  // namespace tbft::cli
