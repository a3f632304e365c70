#include "results/correctness.h"

#include <algorithm>
#include <stdexcept>

#include "tests/fuzz/fuzz.h"

using namespace tbft::results;

// The seeds' cell, 10 test images of which 4 were right: whatever is taken must agree with it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CellRow row;
  row.cell_id = "a";
  row.n_test = 10;
  row.correct = 4;
  Correctness correctness;
  Levels levels;
  try {
    parse_correctness(tbft::fuzz::text(data, size), "journal", {&row, 1}, correctness, &levels);
  } catch (const std::runtime_error&) {
    return 0;
  }
  if (const ImageScores scores = scores_of(correctness, row)) {
    double right = 0;
    for (const float score : *scores) right += score;
    tbft::fuzz::check(scores->size() == 10 && right == 4);
  }
  for (const auto& [cell, level] : levels)
    tbft::fuzz::check(cell.second == "a" && std::find(level_names.begin(), level_names.end(), level) != level_names.end());
  return 0;
}
