#include "results/correctness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CellRow cell(const std::string& run, const std::string& id, std::int64_t n_test, std::int64_t correct) {
  CellRow row;
  row.run_id = run;
  row.cell_id = id;
  row.n_test = n_test;
  row.correct = correct;
  return row;
}

std::string ends(const std::string& id, int n_test, const std::string& hex) {
  return R"({"event":"cell_ends","utc":"now","cell_id":")" + id + R"(","n_test":)" + std::to_string(n_test) +
         R"(,"correct_hex":")" + hex + "\"}\n";
}

ImageScores read(const std::string& journal, const CellRow& row) {
  Correctness result;
  parse_correctness(journal, "journal.jsonl", {&row, 1}, result);
  return scores_of(result, row);
}

std::string error_of(const std::string& journal) {
  try {
    read(journal, cell("run", "a", 5, 3));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

// b = 1011, 0 = 0 and three bits that are of no image.
TEST(Correctness, FirstImageIsTheHighestBit) {
  const auto scores = read("{\"event\":\"execution\"}\n" + ends("a", 5, "b0"), cell("run", "a", 5, 3));
  ASSERT_TRUE(scores);
  EXPECT_THAT(*scores, ElementsAre(1, 0, 1, 1, 0));
}

TEST(Correctness, CountsOnlyWhereItAgreesWithTheRow) {
  EXPECT_FALSE(read(ends("a", 5, "b0"), cell("run", "a", 5, 2)));
  EXPECT_FALSE(read(ends("a", 5, "b0"), cell("run", "a", 6, 3)));
  EXPECT_FALSE(read(ends("a", 5, "b0"), cell("run", "b", 5, 3)));
  EXPECT_FALSE(read(ends("a", 0, ""), cell("run", "a", 0, 0)));
}

TEST(Correctness, TheLastWholeRecordOfACellCounts) {
  const std::string torn = ends("a", 5, "ff").substr(0, 40);
  const auto scores = read(ends("a", 5, "f0") + ends("a", 5, "b0") + torn, cell("run", "a", 5, 3));
  ASSERT_TRUE(scores);
  EXPECT_THAT(*scores, ElementsAre(1, 0, 1, 1, 0));
}

// The same experiment on two boards has the same cell ids.
TEST(Correctness, RunsAreKeptApart) {
  Correctness both;
  const CellRow one = cell("one", "a", 4, 1), two = cell("two", "a", 4, 3);
  parse_correctness(ends("a", 4, "8"), "one", {&one, 1}, both);
  parse_correctness(ends("a", 4, "7"), "two", {&two, 1}, both);
  EXPECT_THAT(*scores_of(both, one), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(*scores_of(both, two), ElementsAre(0, 1, 1, 1));
}

// What a diagnosis named, of the same record as the images; a record without one leaves the level unknown.
TEST(Correctness, ADiagnosisNamesItsLevel) {
  const auto with = [](const std::string& diagnosis) {
    std::string line = ends("a", 5, "b0");
    return line.insert(line.size() - 2, ",\"diagnosis\":" + diagnosis);
  };
  const auto level = [](const std::string& journal, std::int64_t correct) {
    const CellRow row = cell("run", "a", 5, correct);
    Correctness images;
    Levels levels;
    parse_correctness(journal, "journal.jsonl", {&row, 1}, images, &levels);
    return levels.contains({"run", "a"}) ? levels.at({"run", "a"}) : "unknown";
  };
  EXPECT_EQ(level(with(R"({"level":"mixture","confidence":0.9})"), 3), "mixture");
  EXPECT_EQ(level(with(R"({"level":"mixture"})"), 2), "unknown") << "the row is of another execution";
  EXPECT_EQ(level(with(R"({"level":"input"})") + with(R"({"level":"output"})"), 3), "output") << "the last counts";
  EXPECT_EQ(level(with(R"({"level":"input"})") + ends("a", 5, "b0"), 3), "unknown");
  EXPECT_EQ(level(with("null"), 3), "unknown");
  for (const char* wrong : {R"({"level":"front"})", R"({"level":7})", "{}", R"("input")", "[]"})
    EXPECT_THAT(error_of(with(wrong)), HasSubstr("journal.jsonl:1: a diagnosis names no level of none, input, feature,"))
        << wrong;
}

TEST(Correctness, ErrorsSayFileAndLine) {
  EXPECT_THAT(error_of("{\"event\":\"execution\"}\nnothing\n"), HasSubstr("journal.jsonl:2: not a journal line"));
  EXPECT_THAT(error_of("{}\n"), HasSubstr("journal.jsonl:1: not a journal line"));
  EXPECT_THAT(error_of("{\"event\":\"cell_ends\"}\n"), HasSubstr("without cell_id"));
  EXPECT_THAT(error_of(ends("a", 5, "b")), HasSubstr("1 hex digits for 5 test images"));
  EXPECT_THAT(error_of(ends("a", 5, "bG")), HasSubstr("something else than hex digits"));
  EXPECT_THAT(error_of(ends("a", -1, "b0")), HasSubstr("-1 test images"));
  EXPECT_THAT(error_of(ends("a", 1000001, "b0")), HasSubstr("1000001 test images"));
  EXPECT_THROW(
      {
        Correctness into;
        read_correctness("/nowhere/journal.jsonl", {}, into);
      },
      std::system_error);
}

}  // namespace
}  // namespace tbft::results
