// The power of one cell over its time, short enough for a figure. Each time step keeps minimum, maximum and mean, so that no
// peak is lost; the steps double in width when there are too many, so that memory does not grow with the trace. The harness
// makes these curves from traces, because results and plots know no meters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "results/statistics.h"

namespace tbft::results {

// Seconds count from the beginning of the cell.
struct PowerCurve {
  struct Bucket {
    double from_s = 0, to_s = 0;  // of its first and last reading
    double low_W = 0, high_W = 0, mean_W = 0;
  };
  struct Span {
    std::string name;  // name of a phase; empty for a gap
    double from_s = 0, to_s = 0;
  };
  double duration_s = 0;
  std::size_t readings = 0;
  std::vector<Bucket> buckets;      // in time order; empty ones are left out
  std::vector<Span> phases;         // load, train, validate, test
  std::vector<Span> gaps;           // no new reading for longer than the meter's gap limit
  std::size_t phases_left_out = 0;  // the shortest phases and gaps are left out where there are very many
  std::size_t gaps_left_out = 0;
  std::map<std::string, double> phase_J;  // gross; a phase without valid joules is left out
};

// By run_id and cell_id, because a cell_id is the same on every board.
using PowerCurves = std::map<std::pair<std::string, std::string>, PowerCurve>;

// Collects any number of readings in the memory of `most` buckets. The width of the buckets doubles whenever there are more.
class MinMax {
 public:
  explicit MinMax(std::size_t most) : most_(most) {}
  // Readings come in time order. t_ns counts from the beginning of the cell; power_W is finite.
  void add(std::int64_t t_ns, double power_W);
  std::size_t readings() const { return readings_; }
  std::vector<PowerCurve::Bucket> buckets() const;

 private:
  struct Bucket {
    std::int64_t index = 0, first_ns = 0, last_ns = 0;
    double low_W = 0, high_W = 0, sum_W = 0;
    std::size_t n = 0;
  };
  void append(const Bucket& bucket);  // or merges it into the last one of the same index
  void halve();
  std::size_t most_;
  std::int64_t width_ns_ = 1;
  std::size_t readings_ = 0;
  std::vector<Bucket> buckets_;
};

}  // namespace tbft::results
