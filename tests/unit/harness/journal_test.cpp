#include "harness/experiment/journal.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "harness/adaptive/diagnosis.h"
#include "results/correctness.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace {
bool ftruncate_fails = false;
}

// In place of the C library's, so that a test can have a disk that neither takes a line nor lets it be cut.
extern "C" int ftruncate(int fd, off_t length) noexcept {
  if (!ftruncate_fails) return static_cast<int>(syscall(SYS_ftruncate, fd, length));
  errno = EIO;
  return -1;
}

namespace tbft {
namespace {

// Files grow no longer than `bytes` while it lives, and cannot be cut.
class FullDisk {
 public:
  explicit FullDisk(std::size_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    ftruncate_fails = true;
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ftruncate_fails = false;
    setrlimit(RLIMIT_FSIZE, &old_);
    (void)std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int) = nullptr;
};

using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Pair;

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class JournalTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "journal.jsonl"; }
  std::string content() const { return content_of(path()); }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> result;
    std::istringstream text(content());
    for (std::string line; std::getline(text, line);) result.push_back(nlohmann::json::parse(line));
    return result;
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(JournalTest, ANewOneKnowsOfNothing) {
  const Journal journal(path());
  EXPECT_EQ(journal.before().executions, 0);
  EXPECT_THAT(journal.before().begun, IsEmpty());
  EXPECT_THAT(journal.before().ended, IsEmpty());
}

TEST_F(JournalTest, ExecutionsAndCellsAreCounted) {
  {
    Journal journal(path());
    journal.execution("0.1", "trace.csv");
    journal.cell_begins("a");
    journal.cell_ends("a", {true});
    journal.cell_begins("b");
    EXPECT_EQ(journal.before().executions, 0);
  }
  {
    Journal journal(path());
    journal.execution("0.1", "trace-2.csv");
    journal.cell_begins("b");
  }
  const Journal journal(path());
  EXPECT_EQ(journal.before().executions, 2);
  EXPECT_THAT(journal.before().begun, ElementsAre(Pair("a", 1), Pair("b", 2)));
  EXPECT_THAT(journal.before().ended, ElementsAre(Pair("a", 1)));
}

TEST_F(JournalTest, SaysWhatHappenedAndWhichImagesWereRight) {
  {
    Journal journal(path());
    journal.execution("0.1+abc", "trace.csv");
    journal.cell_ends("a", {true, false, false, true, true});
  }
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["tool_version"], "0.1+abc");
  EXPECT_EQ(all[0]["trace"], "trace.csv");
  EXPECT_EQ(all[1]["cell_id"], "a");
  EXPECT_EQ(all[1]["n_test"], 5);
  EXPECT_EQ(all[1]["correct_hex"], "98");
}

TEST_F(JournalTest, ADiagnosisStandsInTheLineOfItsCell) {
  {
    Journal journal(path());
    journal.cell_ends("a", {true}, R"({"level":"input","confidence":0.99})");
    journal.cell_ends("b", {true});
    EXPECT_THROW(journal.cell_ends("c", {true}, "[1]"), std::invalid_argument);
    EXPECT_THROW(journal.cell_ends("c", {true}, "level"), std::invalid_argument);
  }
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["correct_hex"], "8");
  EXPECT_EQ(all[0]["diagnosis"]["level"], "input");
  EXPECT_EQ(all[0]["diagnosis"]["confidence"], 0.99);
  EXPECT_FALSE(all[1].contains("diagnosis"));
  EXPECT_THAT(Journal(path()).before().ended, ElementsAre(Pair("a", 1), Pair("b", 1)));
}

// The report knows the levels by their names alone.
TEST_F(JournalTest, EveryLevelOfADiagnosisIsReadBackByTheReport) {
  using adaptive::Level;
  for (const Level level : {Level::none, Level::input, Level::feature, Level::output, Level::mixture, Level::unsure}) {
    const std::string name(adaptive::to_string(level));
    Journal(path()).cell_ends("a", {true, false}, nlohmann::json{{"level", name}}.dump());
    results::CellRow row;
    row.run_id = "r";
    row.cell_id = "a";
    row.n_test = 2;
    row.correct = 1;
    results::Correctness images;
    results::Levels levels;
    results::read_correctness(path(), std::span(&row, 1), images, &levels);
    EXPECT_EQ(images.size(), 1U);
    EXPECT_THAT(levels, ElementsAre(Pair(Pair("r", "a"), name)));
  }
}

TEST_F(JournalTest, ATornLastLineIsCutAndTheNextOneIsWhole) {
  {
    Journal journal(path());
    journal.execution("0.1", "trace.csv");
  }
  const auto whole = content();
  write_file(path(), whole + R"({"event":"cell_begins","cell_id":"a")");
  {
    Journal journal(path());
    EXPECT_EQ(journal.before().executions, 1);
    EXPECT_THAT(journal.before().begun, IsEmpty());
    EXPECT_EQ(content(), whole);
    journal.cell_begins("b");
  }
  EXPECT_EQ(lines().at(1)["cell_id"], "b");
}

TEST_F(JournalTest, AWholeLineWithoutItsNewlineIsTornToo) {
  {
    Journal journal(path());
    journal.execution("0.1", "trace.csv");
  }
  auto text = content();
  text.pop_back();
  write_file(path(), text);
  const Journal journal(path());
  EXPECT_EQ(journal.before().executions, 0);
  EXPECT_EQ(content(), "");
}

TEST_F(JournalTest, ALineThatCouldNotBeCutIsNotGluedToTheNextOne) {
  {
    Journal journal(path());
    journal.cell_begins("a");
    const auto before = content();
    {
      const FullDisk full(before.size() + 10);
      EXPECT_THROW(journal.cell_begins("b"), std::system_error);
      EXPECT_THROW(journal.cell_begins("c"), std::system_error);
      EXPECT_EQ(content().size(), before.size() + 10) << "this test wants a torn line";
    }
    journal.cell_begins("d");
    EXPECT_EQ(content().substr(0, before.size()), before);
  }
  EXPECT_THAT(Journal(path()).before().begun, ElementsAre(Pair("a", 1), Pair("d", 1)));
}

TEST_F(JournalTest, GarbageInTheMiddleIsAnErrorWithPathAndPlaceAndNothingIsCut) {
  const std::string first = R"({"event":"execution"})";
  for (const std::string garbage : {"garbage", "", "[1]", "7", "{\"event\":"}) {
    const auto text = first + "\n" + garbage + "\n" + first + "\n";
    write_file(path(), text);
    EXPECT_THAT(message_of<std::runtime_error>([&] { const Journal journal(path()); }),
                AllOf(HasSubstr(path().string()), HasSubstr("journal.jsonl:2: damaged"), HasSubstr("sed -i 2d ")))
        << garbage;
    EXPECT_EQ(content(), text);
  }
}

TEST_F(JournalTest, UnknownEventsAndOddTypesArePassedOver) {
  write_file(path(), "{}\n{\"event\":7}\n{\"event\":\"cell_begins\",\"cell_id\":7}\n{\"event\":\"later\"}\n");
  const Journal journal(path());
  EXPECT_EQ(journal.before().executions, 0);
  EXPECT_THAT(journal.before().begun, IsEmpty());
}

TEST_F(JournalTest, AFolderInItsPlaceIsAnErrorWithThePath) {
  std::filesystem::create_directory(path());
  EXPECT_THAT(message_of<std::runtime_error>([&] { const Journal journal(path()); }), HasSubstr(path().string()));
}

TEST(HexOfBits, HasTheFirstImageInTheHighestBit) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex({true}), "8");
  EXPECT_EQ(to_hex({false, false, false, true}), "1");
  EXPECT_EQ(to_hex({true, false, true, false, true}), "a8");
}

TEST(HexOfBits, IsReadBackByTheReportForEveryLength) {
  for (std::size_t n = 1; n <= 19; ++n) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "journal.jsonl";
    std::vector<bool> bits(n);
    for (std::size_t i = 0; i < n; ++i) bits[i] = (i * i + n) % 3 == 0;
    Journal(path).cell_ends("0123456789ab", bits);
    results::CellRow row;
    row.run_id = "r";
    row.cell_id = "0123456789ab";
    row.n_test = static_cast<std::int64_t>(n);
    row.correct = std::ranges::count(bits, true);
    results::Correctness read;
    results::read_correctness(path, std::span(&row, 1), read);
    ASSERT_EQ(read.size(), 1U) << n;
    const auto& scores = *read.begin()->second;
    ASSERT_EQ(scores.size(), n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(scores[i] != 0, bits[i]) << n << " " << i;
  }
}

TEST(UtcNow, IsIso8601WithMilliseconds) {
  EXPECT_THAT(utc_now(), MatchesRegex("20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"));
}

}  // namespace
}  // namespace tbft
