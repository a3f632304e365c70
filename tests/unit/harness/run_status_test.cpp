#include "harness/experiment/run_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/unit/results/sample.h"

namespace tbft {
namespace {

using Json = nlohmann::json;
using results::test::content;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

RunStatus at_work() {
  RunStatus status;
  status.command = "run";
  status.state = "running";
  status.cell = "input 10 % fc";
  status.done = 4;
  status.planned = 42;
  status.fraction = 0.1;
  status.power_W = 3.214;
  status.energy_J = 153.2;
  status.eta_s = 200;
  status.measured = true;
  return status;
}

TEST(RunStatus, OneLineHasProgressPowerEnergyAndTimeLeft) {
  EXPECT_EQ(status_line(at_work()), "[==>                 ] 5/42 input 10 % fc | 3.21 W 153.2 J | ETA 3 min 20 s");
}

TEST(RunStatus, AnEstimateSaysSoAndWhatIsUnknownIsNotZero) {
  RunStatus status = at_work();
  status.measured = false;
  status.power_W = results::unknown;
  status.eta_s = results::unknown;
  EXPECT_THAT(status_line(status), HasSubstr("| - W 153.2 J (estimate) | ETA ..."));
  const Json json = Json::parse(status_json(status));
  EXPECT_TRUE(json["power_W"].is_null());
  EXPECT_EQ(json["measured"], 0);
  EXPECT_EQ(json["cells_planned"], 42);
}

TEST(StatusFile, IsReplacedWholeAndNothingIsLeftBesideIt) {
  const TemporaryFolder folder;
  StatusFile file(folder / "s.json", at_work());
  RunStatus later = at_work();
  later.state = "done";
  file.write(later);
  EXPECT_EQ(Json::parse(content(folder / "s.json"))["state"], "done");
  const auto files = std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator());
  EXPECT_EQ(files, 1);
}

TEST(StatusFile, IsNotWrittenMoreOftenThanOnceASecond) {
  const TemporaryFolder folder;
  StatusFile file(folder / "s.json", at_work());
  RunStatus later = at_work();
  later.done = 5;
  file.update(later);
  EXPECT_EQ(Json::parse(content(folder / "s.json"))["cells_done"], 4);
}

TEST(StatusFile, TheFirstFailureIsAnErrorAndLaterOnesAreNot) {
  const TemporaryFolder folder;
  EXPECT_THROW(StatusFile((folder / "none") / "s.json", at_work()), std::system_error);
  std::filesystem::create_directory(folder / "sub");
  StatusFile file((folder / "sub") / "s.json", at_work());
  std::filesystem::remove_all(folder / "sub");
  EXPECT_NO_THROW(file.write(at_work()));
}

TEST(StatusFile, HowTheWorkEndedIsTold) {
  const TemporaryFolder folder;
  RunStatus status = at_work();
  StatusFile file(folder / "s.json", status);
  EXPECT_THROW(file.until_end(status, []() -> int { throw Interrupted("stopped"); }), Interrupted);
  EXPECT_EQ(Json::parse(content(folder / "s.json"))["state"], "interrupted");
  EXPECT_THROW(file.until_end(status, []() -> int { throw std::runtime_error("no power"); }), std::runtime_error);
  EXPECT_EQ(Json::parse(content(folder / "s.json"))["message"], "no power");
  EXPECT_EQ(file.until_end(status, [] { return 7; }), 7);
}

TEST(StatusFile, WithoutAPathThereIsNone) {
  StatusFile file("", at_work());
  EXPECT_FALSE(file.wanted());
  file.write(at_work());
}

}  // namespace
}  // namespace tbft
