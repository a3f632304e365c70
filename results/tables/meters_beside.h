// Meters that measured the cells beside the first one (meters.csv), and how their joules compare with the first one's.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "results/meter_ratio.h"
#include "results/schema.h"
#include "results/tables/section.h"

namespace tbft::results {

struct MeterBeside {
  std::string first, first_scope;  // of cells.csv
  std::string meter, scope;
  std::size_t cells = 0, invalid = 0;  // rows, and those of them without valid joules
  // Of gross joules over cells; without windows where the scopes differ, because a rail need not have the joules of the board.
  MeterRatio ratio;
};
// One for each pair of meters, in their order in `cells`. A row of `meters` belongs to the row of `cells` with the same run,
// cell and start; other rows, of an execution whose cells were replaced, are left out.
std::vector<MeterBeside> meters_beside(std::span<const CellRow> cells, std::span<const CellRow> meters);

Section section_of(std::span<const MeterBeside> meters);

}  // namespace tbft::results
