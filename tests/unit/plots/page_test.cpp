#include "plots/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "plots/report_page.h"
#include "tests/support/scoped_environment.h"
#include "tests/support/temporary_folder.h"

namespace tbft::plots {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr const char* hostile = "<script>alert(1)</script>";

results::CellRow row(const std::string& strategy, const std::string& id) {
  results::CellRow r;
  r.run_id = "run";
  r.cell_id = id;
  r.dataset = "synthetic";
  r.drift = "input";
  r.train_size = 0.1;
  r.strategy = strategy;
  r.repetition = 0;
  r.status = "ok";
  r.accuracy_pct = 71.23456789;
  r.gross_J = 12;
  r.train_gross_J = 10;
  r.meter = "ina219:///dev/i2c-1";
  r.meter_scope = "board";
  r.measured = 1;
  return r;
}

std::string page_of(const std::vector<results::CellRow>& rows, const NamedFacts& facts = {}) {
  results::Inputs inputs;
  inputs.cells = rows;
  const auto summary = results::summarize(inputs);
  return render_html(report_page({inputs, summary, {}, ""}, facts, {}));
}

TEST(Page, WhatComesFromFilesIsText) {
  auto bad = row(hostile, "a");
  bad.board = hostile;
  bad.meter = std::string("replay:///") + hostile;
  bad.measured = 0;
  bad.status = "failed";
  bad.reason = hostile;
  auto good = row(hostile, "b");
  results::RunFacts facts;
  facts.settings[hostile] = "</td></table><img src=x onerror=alert(1)>";
  const std::string html = page_of({bad, good}, {{hostile, facts}});
  // The page's own are the only ones: data and code.
  std::size_t scripts = 0;
  for (std::size_t at = html.find("<script"); at != std::string::npos; at = html.find("<script", at + 1)) ++scripts;
  EXPECT_EQ(scripts, 2U);
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("\\u003cscript>alert(1)\\u003c/script>"));
}

// A gnuplot that refuses the figure of idle power.
TEST(Page, AFigureThatCannotBeDrawnCostsNoOther) {
  const tbft::test::TemporaryFolder folder;
  std::ofstream(folder / "gnuplot") << "#!/bin/sh\n"
                                       "if grep -q 'Idle power'; then echo refused >&2; exit 1; fi\necho '<svg></svg>'\n";
  std::filesystem::permissions(folder / "gnuplot", std::filesystem::perms(0755));
  const tbft::test::ScopedEnvironment path("PATH", (folder.path().string() + ":" + std::getenv("PATH")).c_str());
  auto cell = row("fc", "1");
  cell.idle_W = 2;
  cell.started_utc = "2024-01-31T10:00:00Z";
  const std::string html = page_of({cell});
  EXPECT_THAT(html, AllOf(HasSubstr("Figure left out: gnuplot failed at the figure idle: refused"), HasSubstr("<figure")));
}

TEST(Page, NothingIsFetched) {
  const std::string html = page_of({row("fc", "a")});
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* fetch : {"src=\"", "url(", "@import", "<link", "fetch(", "XMLHttpRequest"})
    EXPECT_THAT(html, Not(HasSubstr(fetch))) << fetch;
}

TEST(Page, WarningsStandBeforeTheFirstNumber) {
  auto cell = row("fc", "a");
  cell.measured = 0;
  cell.meter = "estimate://";
  cell.throttled = 1;
  auto invalid = row("full", "b");
  invalid.status = "invalid";
  const std::string html = page_of({cell, invalid});
  const auto tables = html.find("<table");
  for (const char* warning :
       {"ESTIMATE: joules of estimate://", "1 of 2 cells ran on a throttled board", "1 of 2 cells have no valid energy"}) {
    ASSERT_THAT(html, HasSubstr(warning));
    EXPECT_LT(html.find(warning), tables);
  }
}

TEST(Page, ANumberLinksToTheRowsItWasMadeFrom) {
  EXPECT_THAT(page_of({row("fc", "a")}), HasSubstr("href=\"#cells?dataset=synthetic&amp;drift=input"));
}

TEST(Page, BytesThatAreNoUtf8BecomeQuestionMarks) {
  EXPECT_EQ(escaped("a\xff\x80z"), "a??z");
  EXPECT_EQ(escaped("\xc3\xbc\xe2\x82\xac"), "\xc3\xbc\xe2\x82\xac");
  EXPECT_EQ(escaped("\xe2\x82"), "??");
  EXPECT_EQ(escaped(std::string("a\0b", 3)), "a?b");
}

TEST(CellsJson, HasWhatDiffersAndWhatIdentifiesACell) {
  results::Inputs inputs;
  inputs.cells = {row("fc", "a"), row("full", "b")};
  const Json data = Json::parse(cells_json(inputs, {}));
  const std::vector<std::string> names = data["columns"];
  EXPECT_THAT(names, testing::IsSupersetOf({"cell_id", "strategy", "dataset", "train_size", "status"}));
  EXPECT_THAT(names, Not(testing::Contains("meter")));  // the same in both: told once
  EXPECT_FALSE(data.contains("traces"));
  const auto common = common_values(inputs);
  EXPECT_THAT(common, testing::Contains(testing::Pair("meter", "ina219:///dev/i2c-1")));
}

TEST(CellsJson, NoPeakOfACurveIsRoundedAway) {
  results::Inputs inputs;
  inputs.cells = {row("fc", "a")};
  results::PowerCurve curve;
  curve.duration_s = 10;
  curve.readings = 5;
  curve.buckets = {{0, 1, 2.00003, 2.00005, 2.00004}, {2, 2, 9.87654, 9.87654, 9.87654}, {3, 9.5, 0.12345, 7, 3}};
  curve.gaps = {{"", 1, 2}};
  curve.phases_left_out = 3;
  const Json trace = Json::parse(cells_json(inputs, {{{"run", "a"}, curve}}))["traces"][0];
  const std::vector<std::int64_t> b = trace["b"];
  ASSERT_EQ(b.size(), 15U);
  const double pu = trace["pu"], tu = trace["tu"];
  std::int64_t from = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& bucket = curve.buckets[i];
    from += b[5 * i];
    EXPECT_NEAR(static_cast<double>(from) * tu, bucket.from_s, tu);
    EXPECT_NEAR(static_cast<double>(from + b[5 * i + 1]) * tu, bucket.to_s, tu);
    if (bucket.low_W == bucket.high_W) continue;
    EXPECT_GE(static_cast<double>(b[5 * i + 2] + b[5 * i + 3]) * pu, bucket.high_W - 1e-5 * pu);
    EXPECT_LE(static_cast<double>(b[5 * i + 2] - b[5 * i + 4]) * pu, bucket.low_W + 1e-5 * pu);
  }
  EXPECT_EQ(trace["x"], 1);
  EXPECT_EQ(trace["px"], 3);
}

}  // namespace
}  // namespace tbft::plots
