// All that a report says, before it is given a form.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/tables/table.h"
#include "results/tables/winner.h"

namespace tbft::results {

struct Summary {
  std::vector<Table> tables;  // one a group; then, where a data set has several conditions, their mean by training size
  std::vector<Winner> winners;
  std::vector<std::string> failures;  // one line a failed row, "failed: WHICH CELL: REASON"
  std::vector<std::string> invalid;   // one line a row without valid energy, in the same form
};
Summary summarize(std::span<const CellRow> rows);

}  // namespace tbft::results
