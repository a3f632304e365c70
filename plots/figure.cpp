#include "plots/figure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

#include "results/text.h"

namespace tbft::plots {

namespace {

constexpr std::array kinds_of_figures{
    FigureKind{"accuracy", "accuracy of every strategy with its 95 % interval, lines for none and full", accuracy},
    FigureKind{"saving", "training energy saved against full tuning, with its spread over repetitions", energy_saving},
    FigureKind{"accuracy-energy", "accuracy against training joules, with the Pareto front", accuracy_energy},
    FigureKind{"phases", "energy of a cell by phase", energy_phases},
    FigureKind{"power", "power of a cell over time, with its phases and gaps", power_trace},
    FigureKind{"idle", "idle power over the run", idle_drift},
    FigureKind{"published", "measured against published numbers, with equal axes", published},
};

}  // namespace

std::string caption_of(const Figure& figure) {
  return figure.subtitle.empty() ? figure.title : fmt::format("{}. {}", figure.title, figure.subtitle);
}

std::span<const FigureKind> figure_kinds() {
  return kinds_of_figures;
}

std::vector<Figure> make_figures(const FigureData& data, std::span<const std::string> kinds) {
  for (const std::string& name : kinds) {
    if (std::ranges::find(kinds_of_figures, name, &FigureKind::name) != kinds_of_figures.end()) continue;
    std::vector<std::string_view> names;
    std::ranges::transform(kinds_of_figures, std::back_inserter(names), &FigureKind::name);
    throw std::invalid_argument(fmt::format("unknown figure '{}': {}", results::printable(name, 40), fmt::join(names, ", ")));
  }
  std::vector<Figure> result;
  for (const FigureKind& kind : kinds_of_figures) {
    if (!kinds.empty() && std::ranges::find(kinds, kind.name) == kinds.end()) continue;
    std::ranges::move(kind.make(data), std::back_inserter(result));
  }
  return result;
}

}  // namespace tbft::plots
