#include "results/benchmark.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "results/comparison.h"
#include "results/meter_ratio.h"
#include "results/rank_tests.h"
#include "results/text.h"

namespace tbft::results {

namespace {

constexpr double significance = 0.05;
constexpr std::size_t longest_name = 48;  // characters of a name in tables and sentences

// A value of one run as Joules, which know how the meter's uncertainty enters a mean: the random part averages out.
Joules value_of(const BenchmarkRun& run, Summarised quantity) {
  const Joules& gross = run.gross;
  const auto scaled = [&](double factor) {
    return Joules{.J = gross.J * factor, .U_J = gross.U_J * factor, .U_random_J = gross.U_random_J * factor};
  };
  switch (quantity) {
    case Summarised::gross_J:
      return gross;
    case Summarised::net_J:
      return run.net;
    case Summarised::mean_W:
      return scaled(1 / run.duration_s);
    case Summarised::edp_Js:
      return scaled(run.duration_s);
    default:
      return {.J = run.duration_s, .U_J = 0, .U_random_J = 0};  // the clock's error is far below any spread
  }
}

std::vector<Joules> values_of(const BenchmarkedCommand& command, Summarised quantity) {
  std::vector<Joules> values;
  values.reserve(command.runs.size());
  for (const BenchmarkRun& run : command.runs) values.push_back(value_of(run, quantity));
  return values;
}

bool has_values(const std::vector<Joules>& values) {
  return std::ranges::any_of(values, [](const Joules& value) { return !std::isnan(value.J); });
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double half_width(const Statistics& spread) {
  return (spread.high - spread.low) / 2;
}

// Of those that are known.
double root_of_squares(std::initializer_list<double> parts) {
  double sum = 0;
  bool any = false;
  for (const double part : parts) {
    if (std::isnan(part)) continue;
    any = true;
    sum += part * part;
  }
  return any ? std::sqrt(sum) : unknown;
}

// The runs as the cells of one strategy, so that compare() pairs them by repetition. Net joules only where they are wanted:
// compare() prefers them.
ComparedRun as_cells(const Benchmark& benchmark, std::size_t command, bool net) {
  ComparedRun cells{std::to_string(command), {}, std::nullopt};
  const auto known = [](double value) { return std::isnan(value) ? std::nullopt : std::optional(value); };
  std::int64_t repetition = 0;
  for (const BenchmarkRun& run : benchmark.commands[command].runs) {
    CellRow row;
    row.strategy = "command";
    row.status = "ok";
    row.repetition = repetition++;
    row.train_s = run.duration_s;
    row.train_gross_J = known(run.gross.J);
    if (net) {
      row.train_net_J = known(run.net.J);
      row.U_train_net_J = known(run.net.U_J);
      row.U_random_train_net_J = known(run.net.U_random_J);
    }
    row.meter = benchmark.meter;
    row.meter_scope = benchmark.meter_scope;
    row.measured = benchmark.measured ? 1 : 0;
    cells.rows.push_back(row);
  }
  return cells;
}

// The line of compare() over the repetitions; nullptr where it has none or had to leave a repetition out.
const ComparedLine* line_of(const Comparison& comparison, Quantity quantity) {
  const auto found = std::ranges::find_if(comparison.lines, [&](const ComparedLine& line) {
    return line.level == ComparedLine::Level::cell && line.quantity == quantity && line.left_out == 0;
  });
  return found == comparison.lines.end() ? nullptr : &*found;
}

// The meter's part of the relative U of a ratio of gross joules. Its gain cancels. One offset shifts both mean powers.
double meter_U_rel(const BenchmarkedCommand& a, const BenchmarkedCommand& b) {
  const CommandSummary a_W = summarise(a, Summarised::mean_W), b_W = summarise(b, Summarised::mean_W);
  const auto random_rel = [](const BenchmarkedCommand& command) {
    std::vector<Joules> gross;
    for (const BenchmarkRun& run : command.runs) gross.push_back(run.gross);
    const Joules mean = mean_joules(gross);
    return mean.U_random_J / mean.J;
  };
  const double offset_W = a.runs.front().u_offset_W;
  return root_of_squares({random_rel(a), random_rel(b), 2 * offset_W * (1 / a_W.spread.mean - 1 / b_W.spread.mean)});
}

double net_meter_U_rel(const BenchmarkedCommand& a, const BenchmarkedCommand& b) {
  const auto random_rel = [](const BenchmarkedCommand& command) {
    std::vector<Joules> net;
    for (const BenchmarkRun& run : command.runs) net.push_back(run.net);
    const Joules mean = mean_joules(net);
    return mean.U_random_J / mean.J;
  };
  return root_of_squares({random_rel(a), random_rel(b)});
}

// `line` is the ratio of the command to the reference.
BenchmarkRatio ratio_of(const ComparedLine* line, double U_meter_rel) {
  if (line == nullptr) return {};
  const double half = (line->high - line->low) / 2;
  return {line->ratio, root_of_squares({half, U_meter_rel * line->ratio}), line->p};
}

ComparedCommand compare_two(const Benchmark& benchmark, std::size_t command, std::size_t reference) {
  const auto& a = benchmark.commands[command];
  const auto& b = benchmark.commands[reference];
  const auto with = [&](bool net) { return compare(as_cells(benchmark, reference, net), as_cells(benchmark, command, net)); };
  const Comparison gross = with(false), net = with(true);
  ComparedCommand result{.command = command, .reference = reference, .repetitions = gross.common};
  result.joules = ratio_of(line_of(gross, Quantity::train_J), meter_U_rel(a, b));
  result.seconds = ratio_of(line_of(gross, Quantity::train_s), unknown);
  if (net.basis == Basis::net) result.net_joules = ratio_of(line_of(net, Quantity::train_J), net_meter_U_rel(a, b));
  return result;
}

// Commands with runs, the fewest joules first; by seconds where some command has no mean joules.
std::vector<std::size_t> by_joules(const Benchmark& benchmark) {
  std::vector<std::size_t> order;
  bool joules = true;
  for (std::size_t i = 0; i < benchmark.commands.size(); ++i) {
    if (benchmark.commands[i].runs.empty()) continue;
    order.push_back(i);
    joules = joules && !std::isnan(summarise(benchmark.commands[i], Summarised::gross_J).spread.mean);
  }
  std::ranges::stable_sort(order, std::less{}, [&](std::size_t i) {
    return summarise(benchmark.commands[i], joules ? Summarised::gross_J : Summarised::duration_s).spread.mean;
  });
  return order;
}

std::string name_of(const BenchmarkedCommand& command) {
  return printable(command.name, longest_name);
}

std::string times(const BenchmarkRatio& ratio) {
  return with_uncertainty(ratio.value, ratio.U);
}

std::string cell_text(const BenchmarkedCommand& command, Summarised quantity) {
  const CommandSummary summary = summarise(command, quantity);
  const double mean = std::abs(summary.spread.mean) < 1e-6 * summary.U ? 0 : summary.spread.mean;  // what rounding leaves of 0
  return std::isnan(mean) ? "-" : with_uncertainty(mean, summary.U);
}

std::string basis_text(const Benchmark& benchmark) {
  const auto lacks_accuracy = [](const BenchmarkedCommand& command) {
    return has_values(values_of(command, Summarised::gross_J)) && !summarise(command, Summarised::gross_J).has_accuracy;
  };
  const bool accurate = std::ranges::none_of(benchmark.commands, lacks_accuracy);
  const std::string kind = benchmark.measured                       ? "joules"
                           : benchmark.meter.starts_with("replay:") ? "joules of a recording"
                                                                    : "joules are an estimate, not a measurement";
  return fmt::format("{} ({}, {}); mean of the repetitions +- U (k=2): their spread and {}", kind,
                     printable(benchmark.meter_scope), printable(benchmark.meter),
                     accurate ? "the meter's accuracy" : "the meter's random part, because its accuracy is unknown");
}

std::string order_text(const Benchmark& benchmark) {
  std::string idle = benchmark.idle_s > 0 ? fmt::format("idle windows of {:g} s between them", benchmark.idle_s)
                                          : "no idle windows, so net joules are unknown";
  if (benchmark.commands.size() < 2) return idle;
  return benchmark.order == "blocks" ? fmt::format("one command after another, {}", idle)
                                     : fmt::format("interleaved in random order (seed {}), {}", benchmark.seed, idle);
}

void correct(std::vector<ComparedCommand>& all, BenchmarkRatio ComparedCommand::*ratio) {
  std::vector<double> p;
  p.reserve(all.size());
  for (const ComparedCommand& each : all) p.push_back((each.*ratio).p);
  const auto corrected = holm(p);
  for (std::size_t i = 0; i < all.size(); ++i) (all[i].*ratio).p = corrected[i];
}

}  // namespace

CommandSummary summarise(const BenchmarkedCommand& command, Summarised quantity) {
  const auto values = values_of(command, quantity);
  std::vector<double> numbers;
  numbers.reserve(values.size());
  for (const Joules& value : values) numbers.push_back(value.J);
  CommandSummary summary;
  if (!has_values(values)) return summary;
  // What has no value says nothing of the meter's accuracy.
  summary.has_accuracy = std::ranges::none_of(
      values, [](const Joules& value) { return !std::isnan(value.J) && std::isnan(value.U_J + value.U_random_J); });
  // Repetitions without a value are often the short ones, so a mean of the others would be too high.
  if (std::ranges::any_of(numbers, [](double x) { return std::isnan(x); })) return summary;
  summary.spread = statistics(numbers);
  summary.median = median(numbers);
  const auto [min, max] = std::ranges::minmax(numbers);
  summary.min = min;
  summary.max = max;
  const Joules mean = mean_joules(values);
  summary.U_meter = summary.has_accuracy ? mean.U_J : mean.U_random_J;
  summary.U = root_of_squares({half_width(summary.spread), quantity == Summarised::duration_s ? unknown : summary.U_meter});
  return summary;
}

std::vector<ComparedCommand> compare_commands(const Benchmark& benchmark) {
  const auto order = by_joules(benchmark);
  std::vector<ComparedCommand> result;
  for (std::size_t i = 1; i < order.size(); ++i) result.push_back(compare_two(benchmark, order[i], order.front()));
  correct(result, &ComparedCommand::joules);
  correct(result, &ComparedCommand::net_joules);
  correct(result, &ComparedCommand::seconds);
  return result;
}

std::string sentence(const Benchmark& benchmark, const ComparedCommand& compared) {
  const std::string a = name_of(benchmark.commands[compared.command]), b = name_of(benchmark.commands[compared.reference]);
  const auto& joules = compared.joules;
  if (std::isnan(joules.value)) return fmt::format("{} took {} times the seconds of {}.", a, times(compared.seconds), b);
  std::string text =
      fmt::format("{} used {} times the joules of {} (and {} times the seconds)", a, times(joules), b, times(compared.seconds));
  if (compared.repetitions < 2) {
    text += "; one repetition shows no spread, so +- is the meter's alone";
  } else if (std::isnan(joules.p)) {
    text += "; too few repetitions to tell whether the joules differ (5 are needed)";
  } else if (!(joules.p < significance)) {
    text += fmt::format("; the joules do not differ significantly (p = {})", significant(joules.p, 2));
  }
  text += '.';
  const auto& net = compared.net_joules;
  if (!std::isnan(net.value)) text += fmt::format(" Net of idle: {} times the joules.", times(net));
  return text;
}

Benchmark by_meter(const Benchmark& benchmark, std::size_t further) {
  Benchmark result = benchmark;
  const BenchmarkMeter& meter = benchmark.further.at(further);
  result.meter = meter.meter;
  result.meter_scope = meter.scope;
  result.measured = meter.measured;
  result.further.clear();
  result.notes.clear();
  for (BenchmarkedCommand& command : result.commands) {
    std::size_t invalid = 0;
    std::string why;
    for (BenchmarkRun& run : command.runs) {
      const RunByMeter by = run.further.at(further);
      run.further.clear();
      run.gross = by.gross;
      run.net = by.net;
      run.idle_W = by.idle_W;
      run.u_offset_W = by.u_offset_W;
      run.u_rel_gain = by.u_rel_gain;
      run.reason = by.reason;
      if (std::isnan(by.gross.J) && invalid++ == 0) why = by.reason;
    }
    if (invalid > 0)
      result.notes.push_back(fmt::format("{}: {} of {} repetitions have no valid joules, the first one because: {}",
                                         command.name, invalid, command.runs.size(), why));
  }
  return result;
}

namespace {

std::vector<PairedJoules> pairs_of(const Benchmark& benchmark, std::size_t further) {
  std::vector<PairedJoules> pairs;
  for (const BenchmarkedCommand& command : benchmark.commands)
    for (const BenchmarkRun& run : command.runs) pairs.push_back({run.gross, run.further.at(further).gross});
  return pairs;
}

Section section_of(const Benchmark& benchmark) {
  Section section;
  section.captions = {basis_text(benchmark), order_text(benchmark)};
  section.cells.push_back({"command", "runs", "J", "net J", "s", "W", "J s"});
  for (const BenchmarkedCommand& command : benchmark.commands) {
    std::vector<std::string> line{name_of(command), std::to_string(command.runs.size())};
    for (const Summarised quantity :
         {Summarised::gross_J, Summarised::net_J, Summarised::duration_s, Summarised::mean_W, Summarised::edp_Js})
      line.push_back(cell_text(command, quantity));
    section.cells.push_back(std::move(line));
  }
  for (const ComparedCommand& compared : compare_commands(benchmark)) section.lines.push_back(sentence(benchmark, compared));
  for (const std::string& note : benchmark.notes) section.lines.push_back("note: " + printable(note, 400));
  section.elsewhere = "--export-markdown";
  section.least_needed = {6, 5, 1};  // J s, W, runs
  return section;
}

}  // namespace

std::vector<Section> sections_of(const Benchmark& benchmark) {
  std::vector<Section> sections{section_of(benchmark)};
  for (std::size_t i = 0; i < benchmark.further.size(); ++i) {
    Section& section = sections.emplace_back(section_of(by_meter(benchmark, i)));
    section.title = fmt::format("The same by meter {}", i + 2);
    if (benchmark.further[i].scope == benchmark.meter_scope)
      section.lines.push_back(
          sentence(meter_ratio(pairs_of(benchmark, i)), printable(benchmark.meter), printable(benchmark.further[i].meter)));
  }
  return sections;
}

std::string to_text(const Benchmark& benchmark, const Layout& layout) {
  return to_text(sections_of(benchmark), layout);
}

std::string to_markdown(const Benchmark& benchmark) {
  return to_markdown(sections_of(benchmark));
}

}  // namespace tbft::results
