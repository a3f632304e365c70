// The figures of a report. A new one is a file in figures/ and a line in the list of figure.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/inputs.h"
#include "results/power_curve.h"
#include "results/tables/summary.h"

namespace tbft::plots {

// The input of all figures.
struct FigureData {
  const results::Inputs& inputs;
  const results::Summary& summary;
  const results::PowerCurves& curves;
  std::string cell;  // the cell whose power is drawn; empty: the one that trained longest
};

struct Figure {
  std::string name;   // of its file without the extension: letters, digits and dashes
  std::string title;  // one line
  int width_px = 560, height_px = 400;
  std::string script;  // a gnuplot script, complete except for its terminal
};

struct FigureKind {
  std::string_view name, what;
  // Empty where the data have nothing to draw.
  std::vector<Figure> (*make)(const FigureData& data);
};
std::span<const FigureKind> figure_kinds();

// Makes the figures of these kinds in the order of the list; all kinds if `kinds` is empty. Throws std::invalid_argument for an
// unknown name.
std::vector<Figure> make_figures(const FigureData& data, std::span<const std::string> kinds = {});

// Each has a file in figures/.
std::vector<Figure> accuracy_bars(const FigureData& data);
std::vector<Figure> energy_saving(const FigureData& data);
std::vector<Figure> accuracy_energy(const FigureData& data);
std::vector<Figure> energy_phases(const FigureData& data);
std::vector<Figure> power_trace(const FigureData& data);
std::vector<Figure> idle_drift(const FigureData& data);
std::vector<Figure> published(const FigureData& data);

}  // namespace tbft::plots
