#include "harness/experiment/run_directory.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "results/csv.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<Cell> plan_of(const std::vector<std::string>& ids) {
  std::vector<Cell> cells(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) cells[i].id = ids[i];
  return cells;
}

results::CellRow row_of(const std::string& cell_id, const std::string& status, const std::string& started_utc = "t0") {
  results::CellRow row;
  row.cell_id = cell_id;
  row.status = status;
  row.started_utc = started_utc;
  row.dataset = "synthetic";
  row.strategy = "fc";
  return row;
}

// "id status start" of every row.
std::vector<std::string> rows_of(const fs::path& csv) {
  std::vector<std::string> result;
  for (const auto& row : results::read_cells(csv).rows)
    result.push_back(row.cell_id + " " + row.status + " " + row.started_utc);
  return result;
}

class RunDirectoryTest : public testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "runs" / "first"; }
  fs::path superseded() const { return path() / "cells.superseded.csv"; }

  // What a run would write; `effective` as merge patch.
  static std::string run_json(const json& effective = json::object(), const json& top = json::object()) {
    json run = {{"run_id", "n-1"},
                {"created_utc", "2024"},
                {"checkpoint_sha256", "aa"},
                {"data", {{"input/", {{"pixels_sha256", "11"}}}}},
                {"effective", {{"train.momentum", 0.9}, {"sweep.repetitions", 1}, {"train.batch", 128}}}};
    run["effective"].merge_patch(effective);
    run.merge_patch(top);
    return run.dump();
  }

  void create(const std::vector<std::string>& plan, const std::vector<results::CellRow>& rows = {}) const {
    RunDirectory directory(path(), false);
    directory.begin(run_json(), plan_of(plan));
    for (const auto& row : rows) directory.commit(row);
  }
  std::string refusal(const std::string& run, const std::vector<std::string>& plan) const {
    return message_of<RunDirectoryError>([&] { RunDirectory(path(), true).begin(run, plan_of(plan)); });
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(RunDirectoryTest, ANewOneIsCreatedWithItsRunJson) {
  RunDirectory directory(path(), false);
  EXPECT_EQ(directory.begin(run_json(), plan_of({"a"})), "n-1");
  EXPECT_EQ(json::parse(content_of(path() / "run.json")), json::parse(run_json()));
  EXPECT_THAT(directory.done(), ElementsAre());
  EXPECT_EQ(directory.trace(1), path() / "traces" / "trace.csv");
  EXPECT_EQ(directory.trace(2), path() / "traces" / "trace-2.csv");
  EXPECT_TRUE(fs::is_directory(directory.trace(1).parent_path()));
}

TEST_F(RunDirectoryTest, AnExistingRunIsRefusedWithoutResume) {
  create({"a"});
  EXPECT_THAT(message_of<RunDirectoryError>([&] { const RunDirectory again(path(), false); }),
              AllOf(HasSubstr(path().string()), HasSubstr("--resume")));
}

TEST_F(RunDirectoryTest, RowsWithoutARunJsonAreNotAddedTo) {
  fs::create_directories(path().parent_path());
  results::append_cell(path().parent_path() / "cells.csv", row_of("a", "ok"));
  EXPECT_THAT(message_of<RunDirectoryError>([&] { const RunDirectory run(path().parent_path(), false); }),
              HasSubstr("cells.csv without"));
}

TEST_F(RunDirectoryTest, ARunWhoseTableHasCarriageReturnsIsResumed) {
  {
    RunDirectory run(path(), false);
    run.begin(run_json(), plan_of({"a", "b"}));
    run.commit(row_of("a", "ok"));
  }
  std::string text = content_of(path() / "cells.csv");
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, "\r");
  write_file(path() / "cells.csv", text);
  RunDirectory run(path(), true);
  run.begin(run_json(), plan_of({"a", "b"}));
  EXPECT_THAT(run.done(), ElementsAre("a"));
  run.commit(row_of("b", "ok"));
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a ok t0", "b ok t0"));
}

TEST_F(RunDirectoryTest, ResumeNeedsARun) {
  EXPECT_THAT(message_of<RunDirectoryError>([&] { const RunDirectory none(path(), true); }),
              AllOf(HasSubstr(path().string()), HasSubstr("no run to resume")));
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(RunDirectoryTest, AFileInItsPlaceIsRefused) {
  write_file(path(), "a file");
  EXPECT_THAT(message_of<RunDirectoryError>([&] { const RunDirectory directory(path(), false); }),
              AllOf(HasSubstr(path().string()), HasSubstr("cannot create")));
}

TEST_F(RunDirectoryTest, ASecondOpenerIsRefusedUntilTheFirstIsGone) {
  {
    RunDirectory first(path(), false);
    first.begin(run_json(), plan_of({"a"}));
    EXPECT_THAT(message_of<RunDirectoryError>([&] { const RunDirectory second(path(), true); }),
                HasSubstr("another tbft uses this directory"));
  }
  EXPECT_NO_THROW(RunDirectory(path(), true));
}

TEST_F(RunDirectoryTest, AResumedRunKeepsItsIdAndItsBirth) {
  create({"a"});
  const json later = {{"run_id", "n-2"}, {"created_utc", "2025"}};
  EXPECT_EQ(RunDirectory(path(), true).begin(run_json(json::object(), later), plan_of({"a"})), "n-1");
  EXPECT_EQ(json::parse(content_of(path() / "run.json"))["created_utc"], "2024");
}

TEST_F(RunDirectoryTest, OtherSettingsAreRefusedAndNamed) {
  create({"a"});
  const auto before = content_of(path() / "run.json");
  EXPECT_THAT(refusal(run_json({{"train.momentum", 0.8}, {"train.nesterov", true}}), {"a"}),
              AllOf(HasSubstr("train.momentum was 0.9, is 0.8"), HasSubstr("train.nesterov was null, is true"),
                    Not(HasSubstr("train.batch"))));
  EXPECT_THAT(refusal(run_json(json::object(), {{"checkpoint_sha256", "bb"}}), {"a"}),
              HasSubstr(R"(checkpoint_sha256 was "aa", is "bb")"));
  EXPECT_THAT(refusal(run_json(json::object(), {{"data", {{"input/", {{"pixels_sha256", "12"}}}}}}), {"a"}),
              HasSubstr("the data set input/ has other images"));
  EXPECT_EQ(content_of(path() / "run.json"), before);
}

TEST_F(RunDirectoryTest, AProgramThatRunJsonNamesIsAskedForAgain) {
  for (const std::string meter : {"exec://loop.sh?unit=W", "estimate://"}) {
    const json before = json::parse(run_json({{"meter.uri", meter}}));
    const auto differences = differences_of_runs(before, json::parse(run_json({{"meter.uri", "rapl://"}})), true);
    ASSERT_THAT(differences, ElementsAre(HasSubstr("meter.uri was \"" + meter + "\", is \"rapl://\"")));
    EXPECT_EQ(differences.front().find("give -m again") != std::string::npos, meter.starts_with("exec:")) << meter;
    EXPECT_TRUE(differences_of_runs(before, before, true).empty());
  }
}

TEST_F(RunDirectoryTest, OtherProductsTakeOtherJoules) {
  const auto with = [](const json& facts) {
    json all{{"meter", {{"measured", true}}}};
    all.update(facts);
    return json::parse(run_json({}, all));
  };
  const json now = with({{"blas", "OpenBLAS 0.3.21 Haswell"}});
  EXPECT_THAT(differences_of_runs(with({{"blas", "OpenBLAS 0.3.21 Prescott"}}), now, true),
              ElementsAre(R"(blas was "OpenBLAS 0.3.21 Prescott", is "OpenBLAS 0.3.21 Haswell")"));
  // An older run does not say it.
  EXPECT_TRUE(differences_of_runs(with(json::object()), now, true).empty());
  EXPECT_TRUE(differences_of_runs(now, with(json::object()), true).empty());
  EXPECT_THAT(differences_of_runs(with({{"network", {{"passes", "torch"}}}}), with({{"network", {{"passes", "fused"}}}}), true),
              ElementsAre(R"(network/passes was "torch", is "fused")"));
}

// Joules are compared only where one machine measured them in one way.
TEST_F(RunDirectoryTest, ARunWithJoulesStaysOnItsMachine) {
  const auto on = [](const std::string& board, const std::string& cpu, int threads, const std::string& backend, bool measured) {
    return run_json({{"threads", threads}, {"backend", backend}},
                    {{"board", board}, {"cpu", cpu}, {"meter", {{"measured", measured}}}});
  };
  for (const bool measured : {true, false}) {
    SCOPED_TRACE(measured);
    fs::remove_all(path());
    RunDirectory(path(), false).begin(on("Pi 4", "A72", 4, "native", measured), plan_of({"a"}));
    const std::pair<std::string, const char*> others[] = {
        {on("Pi 5", "A72", 4, "native", measured), R"(board was "Pi 4", is "Pi 5")"},
        {on("Pi 4", "A76", 4, "native", measured), R"(cpu was "A72", is "A76")"},
        {on("Pi 4", "A72", 2, "native", measured), "threads was 4, is 2"},
        {on("Pi 4", "A72", 4, "onednn", measured), R"(backend was "native", is "onednn")"},
    };
    for (const auto& [other, difference] : others) {
      if (measured)
        EXPECT_THAT(refusal(other, {"a"}),
                    AllOf(HasSubstr("cannot resume: " + std::string(difference)), HasSubstr("another -o")));
      else
        EXPECT_NO_THROW(RunDirectory(path(), true).begin(other, plan_of({"a"}))) << difference;
    }
  }
}

TEST_F(RunDirectoryTest, AnotherDeclaredThreadCountIsAnotherExperiment) {
  const auto declared = [](int threads) { return run_json({{"threads", 2}}, {{"requested", {{"threads", threads}}}}); };
  RunDirectory(path(), false).begin(declared(0), plan_of({"a"}));
  EXPECT_THAT(refusal(declared(2), {"a"}), HasSubstr("threads was 0, is 2"));
}

TEST_F(RunDirectoryTest, ARunWithIdsOfTheMachineIsRefusedWithItsVersion) {
  RunDirectory(path(), false).begin(run_json(json::object(), {{"tool_version", "0.1.0+abc"}}), plan_of({"a"}));
  EXPECT_THAT(refusal(run_json({{"train.momentum", 0.8}}, {{"tool_version", "0.2.0"}, {"cell_ids", "declared"}}), {"b"}),
              AllOf(HasSubstr("cell ids of tbft 0.1.0+abc also depend on the machine"), HasSubstr("use another -o"),
                    Not(HasSubstr("momentum"))));
}

TEST_F(RunDirectoryTest, ASettingThatTheRunDidNotKnowHadItsDefault) {
  create({"a"});
  EXPECT_THAT(refusal(run_json({{"sweep.val_size", 0.05}}), {"a"}), HasSubstr("sweep.val_size was 0.15, is 0.05"));
  EXPECT_NO_THROW(RunDirectory(path(), true).begin(run_json({{"sweep.val_size", 0.15}}), plan_of({"a"})));
}

TEST_F(RunDirectoryTest, APlanThatOnlyGrewIsResumed) {
  create({"a"}, {row_of("a", "ok")});
  const auto grown = run_json({{"sweep.repetitions", 2},
                               {"description", "more"},
                               {"model.checkpoint", "elsewhere.pth"},
                               {"meter.trace", "cells"},
                               {"meter.realtime", "off"}},
                              {{"data", {{"output/", {{"pixels_sha256", "22"}}}}}});
  RunDirectory directory(path(), true);
  EXPECT_NO_THROW(directory.begin(grown, plan_of({"b", "a"})));
  EXPECT_THAT(directory.done(), ElementsAre("a"));
  EXPECT_EQ(json::parse(content_of(path() / "run.json"))["effective"]["sweep.repetitions"], 2);
}

TEST_F(RunDirectoryTest, APlanThatLostARowIsRefusedAndTheCellNamed) {
  create({"a", "b"}, {row_of("a", "ok"), row_of("b", "failed")});
  EXPECT_THAT(refusal(run_json(), {"a"}), AllOf(HasSubstr("cell b (synthetic fc)"), HasSubstr("may only grow")));
}

TEST_F(RunDirectoryTest, ADamagedRunJsonIsRefusedWithItsPath) {
  create({"a"});
  for (const char* text :
       {"", "{", "[]", "{}", R"({"run_id":"n","created_utc":"2024","effective":[1]})",
        R"({"run_id":1,"created_utc":"2024","effective":{}})", R"({"run_id":"n","created_utc":null,"effective":{}})"}) {
    write_file(path() / "run.json", text);
    EXPECT_THAT(refusal(run_json(), {"a"}), AllOf(HasSubstr((path() / "run.json").string()), HasSubstr("not a run.json")))
        << text;
  }
}

TEST_F(RunDirectoryTest, OnlyCellsWhoseRowSaysOkAreDone) {
  create({"a", "b", "c", "d"}, {row_of("a", "ok"), row_of("b", "failed"), row_of("c", "invalid")});
  RunDirectory directory(path(), true);
  directory.begin(run_json(), plan_of({"a", "b", "c", "d"}));
  EXPECT_THAT(directory.done(), ElementsAre("a"));
  directory.commit(row_of("d", "ok"));
  directory.commit(row_of("c", "invalid", "t1"));
  EXPECT_THAT(directory.done(), ElementsAre("a", "d"));
}

TEST_F(RunDirectoryTest, CommitAppendsInOrder) {
  create({"a", "b"}, {row_of("b", "ok"), row_of("a", "invalid")});
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("b ok t0", "a invalid t0"));
  EXPECT_FALSE(fs::exists(superseded()));
}

// Of a version that did not know the last columns: its rows read, so a resume goes on with them.
TEST_F(RunDirectoryTest, ATableWithoutTheColumnsOfNowGetsThemWhenItIsResumed) {
  create({"a", "b"}, {row_of("a", "failed"), row_of("a", "ok", "t1")});
  for (const auto& csv : {path() / "cells.csv", superseded()}) {
    std::istringstream lines(content_of(csv));
    std::string older, line;
    while (std::getline(lines, line)) older += line.substr(0, line.rfind(',')) + "\n";
    write_file(csv, older);
  }
  RunDirectory directory(path(), true);
  directory.begin(run_json(), plan_of({"a", "b"}));
  directory.commit(row_of("b", "failed"));
  directory.commit(row_of("b", "ok", "t1"));
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a ok t1", "b ok t1"));
  EXPECT_THAT(rows_of(superseded()), ElementsAre("a failed t0", "b failed t0"));
}

TEST_F(RunDirectoryTest, ATornLastRowIsCutAndItsCellIsNotDone) {
  create({"a", "b"}, {row_of("a", "ok"), row_of("b", "ok")});
  const auto csv = path() / "cells.csv";
  const auto whole = content_of(csv);
  fs::resize_file(csv, fs::file_size(csv) - 10);
  RunDirectory directory(path(), true);
  directory.begin(run_json(), plan_of({"a", "b"}));
  EXPECT_THAT(directory.done(), ElementsAre("a"));
  EXPECT_FALSE(results::read_cells(csv).torn_tail);
  EXPECT_THAT(rows_of(csv), ElementsAre("a ok t0"));
  directory.commit(row_of("b", "ok"));
  EXPECT_EQ(content_of(csv), whole);
}

TEST_F(RunDirectoryTest, ANewRowOfACellReplacesTheOldOneInItsPlace) {
  create({"a", "b"}, {row_of("a", "invalid"), row_of("b", "ok")});
  RunDirectory directory(path(), true);
  directory.begin(run_json(), plan_of({"a", "b"}));
  directory.commit(row_of("a", "ok", "t1"));
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a ok t1", "b ok t0"));
  EXPECT_THAT(rows_of(superseded()), ElementsAre("a invalid t0"));
  EXPECT_THAT(directory.done(), ElementsAre("a", "b"));
}

TEST_F(RunDirectoryTest, EveryReplacedRowIsKept) {
  create({"a", "b"}, {row_of("a", "invalid"), row_of("b", "failed"), row_of("a", "failed", "t1"), row_of("b", "ok", "t2"),
                      row_of("a", "ok", "t3")});
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a ok t3", "b ok t2"));
  EXPECT_THAT(rows_of(superseded()), ElementsAre("a invalid t0", "b failed t0", "a failed t1"));
}

TEST_F(RunDirectoryTest, ADeathBetweenTheTwoStepsOfAReplacementKeepsTheOldRowOnce) {
  create({"a"}, {row_of("a", "invalid")});
  const auto before = content_of(path() / "cells.csv");
  {
    RunDirectory directory(path(), true);
    directory.begin(run_json(), plan_of({"a"}));
    directory.commit(row_of("a", "ok", "t1"));
  }
  // As if the process had died when the old row was safe and not yet replaced.
  write_file(path() / "cells.csv", before);
  RunDirectory directory(path(), true);
  directory.begin(run_json(), plan_of({"a"}));
  EXPECT_THAT(directory.done(), ElementsAre());
  directory.commit(row_of("a", "ok", "t2"));
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a ok t2"));
  EXPECT_THAT(rows_of(superseded()), ElementsAre("a invalid t0"));
}

TEST_F(RunDirectoryTest, FurtherMetersHaveTheirRowsInATableOfTheirOwn) {
  const auto by = [](const std::string& meter, const std::string& cell, const std::string& start, const std::string& status) {
    auto row = row_of(cell, status, start);
    row.meter = meter;
    row.gross_J = status == "ok" ? std::optional(1.5) : std::nullopt;
    row.accuracy_pct = 50;
    return row;
  };
  const auto metered = [&] {
    std::vector<std::string> rows;
    for (const auto& row : results::read_meters(path() / "meters.csv").rows)
      rows.push_back(row.cell_id + " " + row.meter + " " + row.status + " " + row.started_utc);
    return rows;
  };
  {
    RunDirectory directory(path(), false);
    directory.begin(run_json(), plan_of({"a", "b"}));
    directory.commit(row_of("a", "invalid"), std::vector{by("m2", "a", "t0", "ok"), by("m3", "a", "t0", "invalid")});
    directory.commit(row_of("b", "ok"), std::vector{by("m2", "b", "t0", "ok"), by("m3", "b", "t0", "ok")});
  }
  EXPECT_THAT(metered(), ElementsAre("a m2 ok t0", "a m3 invalid t0", "b m2 ok t0", "b m3 ok t0"));
  EXPECT_THAT(content_of(path() / "meters.csv"), Not(HasSubstr("accuracy_pct")));
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a invalid t0", "b ok t0"));
  // Another version wrote one more column, and a kill tore the last row; then the cell is run again.
  std::string text = content_of(path() / "meters.csv");
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) text.insert(at, ",x");
  write_file(path() / "meters.csv", text + "1,run,c");
  RunDirectory directory(path(), true);
  directory.begin(run_json(), plan_of({"a", "b", "c"}));
  directory.commit(row_of("c", "ok"), std::vector{by("m2", "c", "t0", "ok")});
  directory.commit(row_of("a", "ok", "t1"), std::vector{by("m2", "a", "t1", "ok"), by("m3", "a", "t1", "ok")});
  EXPECT_THAT(metered(), ElementsAre("b m2 ok t0", "b m3 ok t0", "c m2 ok t0", "a m2 ok t1", "a m3 ok t1"));
  EXPECT_THAT(rows_of(path() / "cells.csv"), ElementsAre("a ok t1", "b ok t0", "c ok t0"));
}

}  // namespace
}  // namespace tbft
