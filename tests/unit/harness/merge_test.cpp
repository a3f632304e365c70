#include "harness/sweep/merge.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/experiment/journal.h"
#include "harness/experiment/run_directory.h"
#include "harness/sweep/plan_of_run.h"
#include "results/csv.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::message_of;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class MergeTest : public testing::Test {
 protected:
  fs::path part(const std::string& name) const { return folder_.path() / "parts" / name; }
  fs::path out() const { return folder_.path() / "merged"; }

  // What `run --cell` leaves: a row of each cell, a journal of one execution, its trace. `patch` changes its run.json.
  void make_part(const std::string& name, const std::vector<std::string>& cells, const json& patch = json::object(),
                 const std::string& status = "ok") const {
    json run = {
        {"run_id", "run-" + name},
        {"created_utc", "2024"},
        {"host", "host-" + name},
        {"checkpoint_sha256", "aa"},
        {"plan", {"a", "b", "c", "d"}},
        {"meter", {{"measured", true}}},
        {"data", {{"input/" + name, {{"pixels_sha256", "11"}}}}},
        {"effective", {{"name", "n"}, {"train.batch", 128}, {"meter.uri", "rapl://package-0"}, {"data.path", "/" + name}}}};
    run.merge_patch(patch);
    RunDirectory directory(part(name), false);
    std::vector<Cell> plan(4);
    for (std::size_t i = 0; i < plan.size(); ++i) plan[i].id = std::string(1, static_cast<char>('a' + i));
    directory.begin(run.dump(), plan);
    Journal journal(directory.journal());
    journal.execution("0.1", "trace.csv");
    write_file(directory.trace(1), "trace of " + name);
    for (const auto& id : cells) {
      journal.cell_begins(id);
      journal.cell_ends(id, {true, false}, json{{"level", "input"}}.dump());
      results::CellRow row;
      row.run_id = "run-" + name;
      row.cell_id = id;
      row.status = status;
      row.gross_J = 1.0 / 3;
      directory.commit(row);
    }
  }
  MergeOutcome merge(const std::vector<std::string>& names) {
    std::vector<fs::path> paths;
    for (const auto& name : names) paths.push_back(part(name));
    return merge_runs(paths, out(), {"tbft", "merge"}, [this](const std::string& what) { warnings_.push_back(what); });
  }
  std::string refusal(const std::vector<std::string>& names) {
    const auto message = message_of<RunDirectoryError>([&] { merge(names); });
    EXPECT_FALSE(fs::exists(out()));
    for (const auto& entry : fs::directory_iterator(folder_.path())) EXPECT_EQ(entry.path().filename(), "parts");
    return message;
  }
  std::vector<std::string> warnings_;

 private:
  test::TemporaryFolder folder_;
};

TEST_F(MergeTest, RowsStandInTheOrderOfThePlanAsTheyWereMeasured) {
  make_part("1", {"c"});
  make_part("2", {"b", "a"});
  const auto outcome = merge({"1", "2"});
  EXPECT_EQ(outcome.planned, 4);
  EXPECT_EQ(outcome.ok, 3);
  ASSERT_EQ(outcome.missing.size(), 1U);
  EXPECT_EQ(outcome.missing[0].index, 3);
  EXPECT_EQ(outcome.missing[0].id, "d");
  std::vector<std::string> rows;
  for (const auto& row : results::read_cells(out() / "cells.csv").rows) {
    rows.push_back(row.cell_id + " " + row.run_id);
    EXPECT_EQ(row.gross_J, 1.0 / 3);
  }
  EXPECT_THAT(rows, ElementsAre("a run-2", "b run-2", "c run-1"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(MergeTest, PartsMayBeMoreThanFilesThatMayBeOpen) {
  constexpr int n = 64;
  std::vector<std::string> names;
  for (int i = 0; i < n; ++i) {
    names.push_back(std::to_string(i));
    make_part(names.back(), i == 0 ? std::vector<std::string>{"a"} : std::vector<std::string>{});
  }
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = n - 8;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  MergeOutcome outcome;
  EXPECT_NO_THROW(outcome = merge(names));
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(outcome.ok, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(out() / "traces"), fs::directory_iterator()), n);
}

// The plan of two repetitions of three strategies, as run.json has it.
json plan_of_settings(std::vector<Cell>& cells) {
  Settings s;
  s.data.dataset = "synthetic";
  s.data.path = "synthetic:?part=target&n=60";
  s.data.conditions = {"input", "output"};
  s.sweep.strategies = {"none", "fc"};
  s.sweep.seed = 3;
  cells = make_plan(s, Identity{});
  json run{{"requested", json::parse(to_json(s))}, {"plan", json::array()}};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i].id = std::string(1, static_cast<char>('a' + i));
    run["plan"].push_back(cells[i].id);
  }
  return run;
}

results::CellRow row_of(const Cell& cell) {
  results::CellRow row;
  row.cell_id = cell.id;
  row.dataset = cell.dataset;
  row.condition = cell.condition;
  row.train_size = cell.train_size;
  row.strategy = cell.strategy;
  row.repetition = cell.repetition;
  return row;
}

TEST(PlanOfRun, CellsAreNamedByWhatTheyAre) {
  std::vector<Cell> cells;
  const json run = plan_of_settings(cells);
  ASSERT_EQ(cells.size(), 4U);
  const auto plan = plan_of_run(run, std::vector{row_of(cells[1]), row_of(cells[2])});
  ASSERT_EQ(plan.size(), 4U);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    EXPECT_EQ(plan[i].id, cells[i].id);
    EXPECT_EQ(cell_text(plan[i]), "synthetic, " + cells[i].drift + ", 10 %, " + cells[i].strategy + ", repetition 0");
  }
}

TEST(PlanOfRun, APlanThatTheRowsContradictHasNoNames) {
  std::vector<Cell> cells;
  json run = plan_of_settings(cells);
  auto other = row_of(cells[1]);
  other.strategy = other.strategy == "fc" ? "none" : "fc";
  EXPECT_THAT(plan_of_run(run, std::vector{other}), IsEmpty());
  EXPECT_THAT(plan_of_run(json{{"plan", {"a"}}}, {}), IsEmpty()) << "no settings";
  run["plan"].push_back("z");
  EXPECT_THAT(plan_of_run(run, {}), IsEmpty()) << "another number of cells";
}

TEST_F(MergeTest, RepetitionsThatSweepUntilSparedAreNotMissing) {
  Settings s;
  s.data.dataset = "synthetic";
  s.data.path = "synthetic:?part=target&n=60";
  s.data.conditions = {"input"};
  s.sweep.strategies = {"fc"};
  s.sweep.repetitions = 4;
  auto cells = make_plan(s, Identity{});
  json run{{"run_id", "r"},
           {"created_utc", "2024"},
           {"requested", json::parse(to_json(s))},
           {"effective", {{"name", "n"}, {"sweep.until", "train_J 2 %"}}},
           {"plan", {"a", "b", "c", "d"}}};
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].id = std::string(1, static_cast<char>('a' + i));
  {
    RunDirectory directory(part("1"), false);
    directory.begin(run.dump(), cells);
    for (std::size_t i = 0; i < 3; ++i) {
      auto row = row_of(cells[i]);
      row.drift = cells[i].drift;
      row.status = "ok";
      row.train_gross_J = 10 + 0.001 * static_cast<double>(i);
      directory.commit(row);
    }
  }
  const auto outcome = merge({"1"});
  EXPECT_EQ(outcome.spared, 1);
  EXPECT_THAT(outcome.missing, IsEmpty());
}

TEST_F(MergeTest, RowsAndTracesOfFurtherMetersAreJoined) {
  for (const std::string name : {"a", "b"}) {
    make_part(name, {name});
    write_file(part(name) / "traces" / "trace.meter2.csv", "second trace of " + name);
    results::CellRow row;
    row.cell_id = name;
    row.status = "ok";
    row.meter = "um25c:///dev/rfcomm0";
    row.gross_J = 1;
    results::append_meters(part(name) / "meters.csv", std::vector{row});
  }
  merge({"b", "a"});
  std::vector<std::string> rows;
  for (const auto& row : results::read_meters(out() / "meters.csv").rows) rows.push_back(row.cell_id);
  EXPECT_THAT(rows, UnorderedElementsAre("a", "b"));
  EXPECT_EQ(content_of(out() / "traces" / "trace.meter2.csv"), "second trace of b");
  EXPECT_EQ(content_of(out() / "traces" / "trace-2.meter2.csv"), "second trace of a");
}

TEST_F(MergeTest, TracesKeepTheirContentUnderNamesThatAResumeDoesNotTake) {
  make_part("1", {"c"});
  make_part("2", {"a"});
  merge({"1", "2"});
  EXPECT_EQ(content_of(out() / "traces" / "trace.csv"), "trace of 1");
  EXPECT_EQ(content_of(out() / "traces" / "trace-2.csv"), "trace of 2");
  EXPECT_THAT(content_of(out() / "journal.jsonl"), HasSubstr("trace-2.csv"));
  const Journal journal(out() / "journal.jsonl");
  EXPECT_EQ(journal.before().executions, 2);
  EXPECT_EQ(journal.before().ended.at("a"), 1);
  EXPECT_THAT(content_of(out() / "journal.jsonl"), HasSubstr(R"("diagnosis":{"level":"input"})"));
  EXPECT_FALSE(fs::exists(RunDirectory(out(), true).trace(journal.before().executions + 1)));
}

TEST_F(MergeTest, RunJsonNamesThePartsAndKnowsAllTheirImages) {
  make_part("1", {"c"});
  make_part("2", {"a"});
  merge({"1", "2"});
  const auto run = json::parse(content_of(out() / "run.json"));
  EXPECT_THAT(run["run_id"].get<std::string>(), testing::StartsWith("n-"));
  EXPECT_EQ(run["merged"][1]["run_id"], "run-2");
  EXPECT_EQ(run["merged"][1]["host"], "host-2");
  EXPECT_TRUE(run["data"].contains("input/1") && run["data"].contains("input/2"));
}

TEST_F(MergeTest, AMergedDirectoryIsAPart) {
  make_part("1", {"c"});
  make_part("2", {"a"});
  make_part("3", {"b", "d"});
  merge({"1", "2"});
  fs::rename(out(), part("12"));
  EXPECT_EQ(merge({"12", "3"}).ok, 4);
  EXPECT_EQ(content_of(out() / "traces" / "trace-3.csv"), "trace of 3");
}

TEST_F(MergeTest, FailedRowsAreKeptAndCounted) {
  make_part("1", {"c"}, json::object(), "failed");
  const auto outcome = merge({"1"});
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.missing.size(), 3U);
}

TEST_F(MergeTest, OtherSettingsCheckpointsImagesPlansAndMetersAreRefused) {
  make_part("1", {"c"});
  make_part("batch", {"a"}, {{"effective", {{"train.batch", 64}}}});
  make_part("meter", {"a"}, {{"effective", {{"meter.uri", "none"}}}});
  make_part("checkpoint", {"a"}, {{"checkpoint_sha256", "bb"}});
  make_part("images", {"a"}, {{"data", {{"input/1", {{"pixels_sha256", "22"}}}}}});
  make_part("plan", {"a"}, {{"plan", {"a", "b", "c"}}});
  make_part("cpu", {"a"}, {{"cpu", "another"}});
  make_part("ids", {"a"}, {{"cell_ids", "declared"}});
  EXPECT_THAT(refusal({"1", "batch"}), AllOf(HasSubstr(part("batch").string()), HasSubstr("train.batch was 128, is 64")));
  EXPECT_THAT(refusal({"1", "meter"}), HasSubstr("meter.uri"));
  EXPECT_THAT(refusal({"1", "checkpoint"}), HasSubstr(R"(checkpoint_sha256 was "aa", is "bb")"));
  EXPECT_THAT(refusal({"1", "images"}), HasSubstr("the data set input/1 has other images"));
  EXPECT_THAT(refusal({"1", "plan"}), HasSubstr("plans differ"));
  EXPECT_THAT(refusal({"1", "cpu"}), HasSubstr(R"(cpu was null, is "another")"));
  EXPECT_THAT(refusal({"1", "ids"}), HasSubstr("also depend on the machine"));
}

TEST_F(MergeTest, EachPartIsHeldAgainstEachOther) {
  make_part("1", {"c"});
  make_part("2", {"a"}, {{"data", {{"shared", {{"pixels_sha256", "11"}}}}}});
  make_part("3", {"b"}, {{"data", {{"shared", {{"pixels_sha256", "22"}}}}}});
  EXPECT_THAT(refusal({"1", "2", "3"}), HasSubstr("shared has other images"));
}

TEST_F(MergeTest, ACellInTwoPartsIsRefusedWithBothNames) {
  make_part("1", {"c", "a"});
  make_part("2", {"a"});
  EXPECT_THAT(refusal({"1", "2"}), AllOf(HasSubstr("cell a"), HasSubstr(part("1").string()), HasSubstr(part("2").string())));
  EXPECT_THAT(refusal({"1", "1"}), HasSubstr("cell c"));
}

TEST_F(MergeTest, SearchesThatFoundOtherThingsAreRefused) {
  make_part("1", {"c"});
  make_part("2", {"a"});
  Journal(part("1") / "journal.jsonl").found("lr/fc", R"({"lr":0.1})");
  Journal(part("2") / "journal.jsonl").found("lr/fc", R"({"lr":0.3})");
  EXPECT_THAT(refusal({"1", "2"}), HasSubstr("lr/fc"));
}

TEST_F(MergeTest, WhatASearchSawAndNotesOnTheMeterMayDiffer) {
  make_part("1", {"c"});
  make_part("2", {"a"});
  Journal(part("1") / "journal.jsonl").found("noise-fc", R"({"sigma":0.5,"val_accuracy_pct":15.2})");
  Journal(part("2") / "journal.jsonl").found("noise-fc", R"({"sigma":0.5,"val_accuracy_pct":15.1})");
  Journal(part("1") / "journal.jsonl").found("lr/fc", R"({"lr":0.1,"tried":[{"lr":0.1,"val_loss":0.51}]})");
  Journal(part("2") / "journal.jsonl").found("lr/fc", R"({"lr":0.1,"tried":[{"lr":0.1,"val_loss":0.5100001}]})");
  Journal(part("1") / "journal.jsonl").found(meter_note, R"("only 83 % of the conversions were read in time")");
  Journal(part("2") / "journal.jsonl").found(meter_note, R"("only 79 % of the conversions were read in time")");
  EXPECT_EQ(merge({"1", "2"}).ok, 2);
  EXPECT_THAT(content_of(out() / "journal.jsonl"), AllOf(HasSubstr("83 %"), HasSubstr("79 %")));
}

TEST_F(MergeTest, ACellThatIsNotInThePlanIsRefused) {
  make_part("1", {"d"});
  auto run = json::parse(content_of(part("1") / "run.json"));
  run["plan"] = {"a", "b", "c"};
  write_file(part("1") / "run.json", run.dump());
  EXPECT_THAT(refusal({"1"}), HasSubstr("cell d is not in the plan"));
}

TEST_F(MergeTest, WhatIsNoRunOrOldOrAtWorkIsRefused) {
  make_part("1", {"c"});
  EXPECT_THAT(refusal({"1", "nowhere"}), HasSubstr("no run.json"));
  make_part("old", {"a"}, {{"plan", nullptr}});
  EXPECT_THAT(refusal({"1", "old"}), HasSubstr("older"));
  const RunDirectory at_work(part("1"), true);
  EXPECT_THAT(refusal({"1"}), HasSubstr("uses this part"));
}

TEST_F(MergeTest, ATargetThatHoldsSomethingIsLeftAlone) {
  make_part("1", {"c"});
  write_file(out() / "mine", "x");
  EXPECT_THAT(message_of<RunDirectoryError>([&] { merge({"1"}); }), HasSubstr("already exists"));
  EXPECT_EQ(content_of(out() / "mine"), "x");
  EXPECT_FALSE(fs::exists(out() / "run.json"));
}

TEST_F(MergeTest, TornTailsAreLeftOut) {
  make_part("1", {"c"});
  make_part("2", {"a"});
  std::ofstream(part("2") / "cells.csv", std::ios::app) << "1,run";
  std::ofstream(part("2") / "journal.jsonl", std::ios::app) << "{\"event\":";
  EXPECT_EQ(merge({"1", "2"}).ok, 2);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("last row is incomplete")));
  EXPECT_EQ(Journal(out() / "journal.jsonl").before().executions, 2);
}

}  // namespace
}  // namespace tbft
