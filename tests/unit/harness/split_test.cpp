#include "harness/data/split.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <sstream>

#include "harness/data/dataset.h"
#include "tests/support/message_of.h"

namespace tbft::data {
namespace {

using testing::HasSubstr;
using Indices = std::vector<std::int64_t>;

Indices head(const Indices& indices, std::ptrdiff_t n) {
  return {indices.begin(), indices.begin() + n};
}

// Standard output of a command; nullopt if it fails.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own command, no user text
  if (!pipe) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto n = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), n);
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

Indices next_line(std::istream& stream) {
  std::string line;
  std::getline(stream, line);
  std::istringstream words(line);
  return {std::istream_iterator<std::int64_t>(words), {}};
}

TEST(PaperSplit, BeginsAsThePaperSplitsTheCifarTestImages) {
  const auto split = paper_split(10'000, 0.1);
  EXPECT_EQ(head(split.train, 6), (Indices{6686, 4934, 9684, 261, 7870, 8219}));
  EXPECT_EQ(head(split.val, 4), (Indices{2697, 6871, 3487, 92}));
  EXPECT_EQ(head(split.test, 4), (Indices{8127, 4321, 450, 5798}));
}

TEST(PaperSplit, TrainsOnExactlyOneTwoAndThreeThousandOfTenThousand) {
  for (const int tenths : {1, 2, 3}) {
    const auto split = paper_split(10'000, tenths / 10.0);
    EXPECT_EQ(split.train.size(), 1000U * static_cast<unsigned>(tenths));
    EXPECT_EQ(split.val.size(), 1500U);
    EXPECT_EQ(split.test.size(), 1500U);
  }
}

TEST(PaperSplit, KeepsValAndTestWhateverTheTrainSize) {
  const auto small = paper_split(4000, 0.1), large = paper_split(4000, 0.3);
  EXPECT_EQ(small.val, large.val);
  EXPECT_EQ(small.test, large.test);
}

TEST(PaperSplit, UsesEveryImageOnceAtSeventyPercent) {
  const auto split = paper_split(997, 0.7);
  Indices all = split.train;
  all.insert(all.end(), split.val.begin(), split.val.end());
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::ranges::sort(all);
  Indices expected(997);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(PaperSplit, EqualsScikitLearnIndexForIndex) {
  if (!output_of("/usr/bin/python3 -c 'import sklearn' 2>&1")) GTEST_SKIP() << "/usr/bin/python3 has no scikit-learn";
  struct Case {
    std::int64_t n;
    double train_size;
    std::uint32_t seed;
  };
  const std::vector<Case> cases{{10'000, 0.1, 42}, {10'000, 0.2, 42},  {10'000, 0.3, 42}, {997, 0.1, 42},
                                {4000, 0.3, 42},   {33'333, 0.69, 42}, {1000, 0.15, 7},   {20, 0.2, 4'294'967'295}};
  std::string command = fmt::format("/usr/bin/python3 {}/tests/unit/harness/split_oracle.py", TBFT_SOURCE_DIR);
  for (const auto& [n, train_size, seed] : cases) command += fmt::format(" {},{},{}", n, train_size, seed);
  const auto text = output_of(command);
  ASSERT_TRUE(text);
  std::istringstream lines(*text);
  for (const auto& [n, train_size, seed] : cases) {
    SCOPED_TRACE(fmt::format("n {}, train size {}, seed {}", n, train_size, seed));
    const auto split = paper_split(n, train_size, seed);
    EXPECT_EQ(split.train, next_line(lines));
    EXPECT_EQ(split.val, next_line(lines));
    EXPECT_EQ(split.test, next_line(lines));
  }
}

TEST(PaperSplit, RefusesSizesThatCannotBe) {
  for (const double train_size : {0.0, -0.1, 0.71, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(test::message_of<DataError>([&] { paper_split(1000, train_size); }), HasSubstr("(0, 0.7]"));
  }
  EXPECT_THAT(test::message_of<DataError>([] { paper_split(0, 0.1); }), HasSubstr("n = 0"));
  EXPECT_THAT(test::message_of<DataError>([] { paper_split(1'000'000'000'000, 0.1); }), HasSubstr("100000000"));
  EXPECT_THAT(test::message_of<DataError>([] { paper_split(9, 0.1); }), HasSubstr("0 train, 2 val and 1 test"));
}

}  // namespace
}  // namespace tbft::data
