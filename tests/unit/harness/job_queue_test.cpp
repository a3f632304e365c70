#include "harness/sweep/job_queue.h"

#include <gmock/gmock.h>

#include <map>

namespace tbft {
namespace {

using Names = std::vector<std::string>;

class JobQueueTest : public testing::Test {
 protected:
  // Cells by id, with the names of what they share.
  JobQueueTest() : cells_(ids_.size()) {
    for (std::size_t i = 0; i < ids_.size(); ++i) cells_[i].id = ids_[i];
  }
  JobQueue queue(const std::map<std::string, Names>& shared) {
    std::vector<const Cell*> all;
    for (const auto& cell : cells_) all.push_back(&cell);
    return {all, [shared](const Cell& cell) {
              const auto found = shared.find(cell.id);
              return found == shared.end() ? Names{} : found->second;
            }};
  }
  static std::string id(const Cell* cell) { return cell == nullptr ? "" : cell->id; }
  static std::string two(JobQueue& q) {
    const auto first = id(q.next());
    return first + id(q.next());
  }
  const Cell& cell(std::size_t i) const { return cells_[i]; }

 private:
  const Names ids_{"a", "b", "c", "d"};
  std::vector<Cell> cells_;
};

TEST_F(JobQueueTest, CellsThatShareNothingStartInTheOrderOfThePlan) {
  auto q = queue({});
  EXPECT_EQ(two(q), "ab");
  EXPECT_EQ(id(q.next()), "c");
  EXPECT_FALSE(q.empty());
  EXPECT_EQ(id(q.next()), "d");
  EXPECT_TRUE(q.empty());
  EXPECT_EQ(q.next(), nullptr);
}

TEST_F(JobQueueTest, WhoSharesASearchWaitsForTheFirstAndOthersGoAhead) {
  auto q = queue({{"a", {"lr"}}, {"b", {"lr"}}, {"d", {"lr"}}});
  EXPECT_EQ(id(q.next()), "a");
  EXPECT_EQ(id(q.next()), "c") << "b waits for a";
  EXPECT_EQ(q.next(), nullptr);
  EXPECT_FALSE(q.empty());
  q.ended(cell(2));
  EXPECT_EQ(q.next(), nullptr) << "c had nothing that b waits for";
  q.ended(cell(0));
  EXPECT_EQ(two(q), "bd") << "once known, a search holds nobody up";
}

TEST_F(JobQueueTest, ACellThatNeedsTwoThingsWaitsForBoth) {
  auto q = queue({{"a", {"noise"}}, {"b", {"lr"}}, {"c", {"noise", "lr"}}, {"d", {"lr"}}});
  EXPECT_EQ(two(q), "ab");
  EXPECT_EQ(q.next(), nullptr);
  q.ended(cell(0));
  EXPECT_EQ(q.next(), nullptr) << "lr is still in work";
  q.ended(cell(1));
  EXPECT_EQ(two(q), "cd");
}

TEST_F(JobQueueTest, AWaitingCellHoldsNothing) {
  auto q = queue({{"a", {"noise"}}, {"b", {"noise", "lr"}}, {"c", {"lr"}}});
  EXPECT_EQ(id(q.next()), "a");
  EXPECT_EQ(id(q.next()), "c") << "b has not begun, so its search is free";
}

}  // namespace
}  // namespace tbft
