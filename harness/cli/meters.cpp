// tbft meters: the kinds of power meters there are, and what one says about itself.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "power/registry.h"

namespace tbft::cli {

namespace {

struct MetersOptions {
  std::string meter;
  bool json = false;
};

int list(bool json) {
  if (json) {
    nlohmann::ordered_json kinds = nlohmann::ordered_json::array();
    for (const auto& kind : power::meter_kinds())
      kinds.push_back({{"name", kind.name}, {"summary", kind.summary}, {"example", kind.example}});
    fmt::print("{}\n", nlohmann::ordered_json{{"meters", kinds}}.dump());
    return Exit::ok;
  }
  for (const auto& kind : power::meter_kinds()) fmt::print("{:<10} {}\n{:<10} {}\n", kind.name, kind.summary, "", kind.example);
  fmt::print("{:<10} {}\n", "auto", "the best measured one that needs no address; never an estimate");
  return Exit::ok;
}

std::string or_unknown(const std::optional<double>& value, double scale, std::string_view unit) {
  return value ? fmt::format("{:.4g} {}", *value * scale, unit) : "unknown";
}

int describe(const MetersOptions& options) {
  const auto meter = power::open_meter(options.meter);
  const auto& info = meter->info();
  if (options.json) {
    const auto optional = [](const std::optional<double>& v) {
      return v ? nlohmann::ordered_json(*v) : nlohmann::ordered_json(nullptr);
    };
    fmt::print("{}\n", nlohmann::ordered_json{{"meter", info.uri},
                                              {"description", info.description},
                                              {"meter_scope", to_string(info.scope)},
                                              {"measured", info.measured ? 1 : 0},
                                              {"counter", info.counter ? 1 : 0},
                                              {"nominal_period_s", info.nominal_period_s},
                                              {"averaging_s", info.averaging_s},
                                              {"gap_limit_s", info.gap_limit_s},
                                              {"gain_limit_rel", optional(info.accuracy.gain_limit_rel)},
                                              {"offset_limit_A", optional(info.accuracy.offset_limit_A)}}
                           .dump());
    return Exit::ok;
  }
  fmt::print("{}\n  {}\n", info.uri, info.description);
  fmt::print("  {} of the {}, {}\n", info.measured ? "measurement" : "estimate or replay", to_string(info.scope),
             info.counter ? "energy counter" : "power");
  fmt::print("  a reading every {:.4g} s, averaged over {:.4g} s, gap limit {:.4g} s\n", info.nominal_period_s,
             info.averaging_s, info.gap_limit_s);
  fmt::print("  accuracy limits: gain {}, offset {}\n", or_unknown(info.accuracy.gain_limit_rel, 100, "%"),
             or_unknown(info.accuracy.offset_limit_A, 1000, "mA"));
  return Exit::ok;
}

}  // namespace

void add_meters(CLI::App& app, Action& action) {
  auto options = std::make_shared<MetersOptions>();
  auto* command = app.add_subcommand("meters", "List the kinds of power meters, or describe one");
  command->add_option("-m,--meter", options->meter, "Describe this meter (its device must be there)");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft meters\n"
      "  tbft meters -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'");
  command->callback(
      [options, &action] { action = [options] { return options->meter.empty() ? list(options->json) : describe(*options); }; });
}

}  // namespace tbft::cli
