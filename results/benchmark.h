// Several commands that one meter measured by turns (`tbft measure A B`): means with their uncertainty, ratios, and exports.
//
// A mean has an expanded uncertainty U (k = 2): half of its 95 % interval over the repetitions, and the meter's own U of the
// mean, as root of the sum of squares. A ratio of joules is that of `tbft compare` (comparison.h): the geometric mean over
// repetitions, which pairs those that ran next to each other. Its U leaves out the gain of the meter, which measured both sides
// and cancels. The meter's offset does not cancel where mean powers differ, so its U has the rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "results/columns.h"
#include "results/layout.h"
#include "results/statistics.h"
#include "results/tables/group.h"
#include "results/tables/section.h"

namespace tbft::results {

// What a further meter measured of a run, as the members of BenchmarkRun.
struct RunByMeter {
  Joules gross, net;
  double idle_W = unknown, u_offset_W = unknown, u_rel_gain = unknown;
  std::string reason;
};

struct BenchmarkRun {
  std::size_t place = 0;  // among all runs of the session, from 0; its window in a trace is repetition/PLACE/command
  std::string started_utc;
  int exit_code = 0;
  double duration_s = unknown, user_s = unknown, system_s = unknown;
  Joules gross, net;               // unknown joules have a reason
  double idle_W = unknown;         // mean of the idle windows before and after
  double u_offset_W = unknown;     // standard uncertainty of the meter's power offset, common to all runs
  double u_rel_gain = unknown;     // the same of its gain, relative
  double other_cpu_pct = unknown;  // of the processors, by other programs
  std::string reason;              // why the gross joules are invalid, otherwise doubts about them; empty if there are none
  std::vector<RunByMeter> further = {};  // in the order of Benchmark::further
};

struct BenchmarkedCommand {
  std::string name;  // given by the user, or the command itself
  std::string command;
  std::map<std::string, std::string> parameters;
  std::vector<BenchmarkRun> runs;
};

struct BenchmarkMeter {
  std::string meter, scope;
  bool measured = true;
};

struct Benchmark {
  std::string tool_version, host, board;
  std::string meter, meter_scope;
  bool measured = true;            // false: an estimate or a replay
  std::string order;               // "interleaved" or "blocks"
  std::uint64_t seed = 0;          // of the random order
  double idle_s = 0;               // length of each idle window; 0: none, so net joules are unknown
  double until_pct = unknown;      // the half-width at which repetitions end; unknown: their number is fixed
  std::vector<std::string> notes;  // what a reader of the numbers must know
  std::vector<BenchmarkedCommand> commands;
  std::vector<BenchmarkMeter> further = {};  // meters that measured the same runs beside the first
};
// The benchmark as a further meter measured it.
Benchmark by_meter(const Benchmark& benchmark, std::size_t further);

// What is summarised for each command. Energy-delay product: gross joules times seconds, in J s.
enum class Summarised { gross_J, net_J, duration_s, mean_W, edp_Js };

struct CommandSummary {
  Statistics spread;  // mean and 95 % interval of the repetitions; unknown unless every repetition has a value
  double median = unknown, min = unknown, max = unknown;
  double U = unknown;        // of the mean, k = 2; unknown for one repetition on a meter that states nothing
  double U_meter = unknown;  // the meter's part
  // Whether the meter's accuracy is known of all repetitions that have a value, so that U contains it; otherwise U has only
  // what differs between repetitions.
  bool has_accuracy = false;
};
CommandSummary summarise(const BenchmarkedCommand& command, Summarised quantity);

// A value with its U (k = 2), and p of Mann and Whitney's test with Holm's correction over all commands that are compared with
// the reference; p is unknown for fewer than five repetitions.
struct BenchmarkRatio {
  double value = unknown, U = unknown, p = unknown;
};
// A command against the reference, which is the command of the fewest joules (of the fewest seconds where joules are unknown).
struct ComparedCommand {
  std::size_t command = 0, reference = 0;  // indices into Benchmark::commands
  std::size_t repetitions = 0;             // pairs
  BenchmarkRatio joules, net_joules, seconds;
};
// One for each command but the reference, from the fewest joules to the most. Empty for fewer than two commands with runs.
std::vector<ComparedCommand> compare_commands(const Benchmark& benchmark);

// "A used 1.320 +- 0.040 times the joules of B (and 0.900 +- 0.020 times the seconds)."
std::string sentence(const Benchmark& benchmark, const ComparedCommand& compared);

// A table with a line for each command, the sentences, and the notes; then the same by each further meter, with the ratio of
// its joules to the first one's where both measure the same scope.
std::vector<Section> sections_of(const Benchmark& benchmark);
std::string to_text(const Benchmark& benchmark, const Layout& layout);
std::string to_markdown(const Benchmark& benchmark);
// One record for each command under hyperfine's names (command, mean, stddev, median, user, system, min, max in seconds,
// parameter_NAME last); joules, watts and energy-delay products have their unit in the name.
std::string to_csv(const Benchmark& benchmark);
std::vector<ColumnText> benchmark_column_texts();  // its columns, without parameters
// {"results": [hyperfine's keys, joules beside them, "repetitions": [...]], "ratios": [...], meter, order, seed, notes}, and
// with several meters "further_meters": [the same by each of them].
std::string to_json(const Benchmark& benchmark, int indent = 2);

}  // namespace tbft::results
