#include "harness/cli/self_test_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>
#include <string_view>
#include <utility>

#include "harness/host/provenance.h"
#include "results/tables/section.h"
#include "results/text.h"
#include "tbft/power/uri.h"

namespace tbft::cli {

namespace {

using nlohmann::ordered_json;

// What a public page shows of a URI: not where another machine is, which key it takes, nor which card of its kind it is.
std::string public_uri(power::MeterUri uri) {
  if (uri.name == "remote") uri.path = "HOST:PORT";
  if (uri.name == "exec") uri.path = "COMMAND";  // it may name machines and passwords
  if (uri.path.starts_with("GPU-")) uri.path = "GPU-UUID";
  if (const auto key = uri.options.find("key_file"); key != uri.options.end()) key->second = "FILE";
  for (auto& [name, value] : uri.options)
    if (value.find("://") != std::string::npos) value = public_uri(power::parse_meter_uri(value));  // a part of a sum
  return to_string(uri);
}

// The same of a description or a problem, which may hold such a URI, or an address as "remote ADDRESS: ...".
std::string public_text(std::string text) {
  constexpr std::array<std::pair<const char*, const char*>, 5> replacements{
      {{R"(exec://[^?]*)", "exec://COMMAND"},
       {R"(remote://(.*(?=\))|[^ ]*))", "remote://HOST:PORT"},
       {"remote [^ ]+: ", "remote HOST:PORT: "},
       {"key_file=[^&)]*", "key_file=FILE"},
       {"GPU-[0-9a-fA-F-]+", "GPU-UUID"}}};
  for (const auto& [pattern, instead] : replacements) text = std::regex_replace(text, std::regex(pattern), instead);
  return text;
}

// A number of the self-test with its unit; "-" if it is unknown.
std::string number(const ordered_json& test, std::string_view key, double scale, std::string_view unit) {
  const auto& value = test.at(std::string(key));
  return value.is_number()
             ? fmt::format("{}{}{}", results::significant(scale * value.get<double>(), 4), unit.empty() ? "" : " ", unit)
             : "-";
}

std::string text(const ordered_json& test, std::string_view key) {
  return results::printable(test.at(std::string(key)).get<std::string>());
}

std::string verdict(const ordered_json& test) {
  if (test.at("ok").get<bool>()) return "good";
  std::string all;
  for (const auto& problem : test.at("problems")) all += (all.empty() ? "" : "; ") + problem.get<std::string>();
  return results::printable(all, 500);
}

}  // namespace

std::string self_test_report(ordered_json test, const Board& board) {
  test["meter"] = public_uri(power::parse_meter_uri(test.at("meter").get<std::string>()));
  test["description"] = public_text(test.at("description").get<std::string>());
  for (auto& problem : test.at("problems")) problem = public_text(problem.get<std::string>());
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  test["machine"] = board.name();
  test["cpu"] = board.cpu();
  test["kernel"] = board.kernel();
  test["tool_version"] = tool_version();
  test["date_utc"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(now));

  const results::Section section{
      .title = "Self-test of a power meter",
      .captions = {"The line is for the table of docs/seen-on-hardware.md. Read it before you publish it."},
      .cells = {
          {"meter", "machine", "kernel", "tbft", "date", "new readings/s", "nominal/s", "longest spacing", "failed reads",
           "noise", "verdict"},
          {text(test, "meter"), text(test, "machine"), text(test, "kernel"), text(test, "tool_version"), text(test, "date_utc"),
           number(test, "distinct_hz", 1, ""), number(test, "nominal_hz", 1, ""), number(test, "spacing_max_s", 1e3, "ms"),
           test.at("failures").dump(), number(test, "sd_W", 1e3, "mW"), verdict(test)}}};
  return results::to_markdown(std::array{section}) + "\n```json\n" +
         test.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n```\n";
}

}  // namespace tbft::cli
