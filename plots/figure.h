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

// The size of a panel and the margins around its graph, in pixels.
struct Frame {
  int width = 480, height = 300;
  int left = 68, right = 16, top = 24, bottom = 44;
  int graph_width() const { return width - left - right; }
  int graph_height() const { return height - top - bottom; }
};

// One graph. Positions in its script are those of its axes or fractions of its graph, so that it can stand anywhere.
struct Panel {
  std::string title;
  std::string script;  // gnuplot's commands, ending with `plot`, without terminal and margins
};

// Panels of one size beside each other. A file has title and subtitle above them; a page has them as its own text, and each
// panel as a picture of its own, so that a narrow page can stack them.
struct Figure {
  std::string name;      // of its file without the extension: letters, digits and dashes
  std::string title;     // what is shown, of which data
  std::string subtitle;  // protocol, processor, network; whether joules are estimates
  Frame frame;
  std::vector<Panel> panels;
};

// Title and subtitle as one text.
std::string caption_of(const Figure& figure);

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
std::vector<Figure> accuracy(const FigureData& data);
std::vector<Figure> energy_saving(const FigureData& data);
std::vector<Figure> accuracy_energy(const FigureData& data);
std::vector<Figure> energy_phases(const FigureData& data);
std::vector<Figure> power_trace(const FigureData& data);
std::vector<Figure> idle_drift(const FigureData& data);
std::vector<Figure> published(const FigureData& data);

}  // namespace tbft::plots
