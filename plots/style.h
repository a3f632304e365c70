// What figures share: looks of strategies, names, notes, panels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plots/figure.h"
#include "results/tables/table_set.h"

namespace tbft::plots {

// Told apart by colour, by lightness in greyscale and to the colour-blind, and by shape.
struct Look {
  std::string_view colour;
  int point;  // gnuplot's point type
};
Look look_of(const std::string& strategy);

// "accuracy-synthetic-input"; unique within a report by `index`.
std::string name_of(std::string_view kind, const results::TableSet& set, std::size_t index);
// "ESTIMATE, not a measurement" where the joules are none; else empty.
std::string estimate_note(const results::JoulesBasis& energy);
std::string estimate_note(const results::CellRow& row);
// Commands that write the note large into the graph, and take it away again for the next panel.
std::string note_script(const std::string& note);

// "training energy / J, net"
std::string joules_label(const results::JoulesBasis& energy);

// Panels side by side, two in a row: commands up to and with their `plot`.
struct Panels {
  int width_px = 0, height_px = 0;
  std::string script;
};
Panels arrange(const std::string& title, const std::vector<std::string>& panels, int panel_width_px = 480,
               int panel_height_px = 360);

// NaN as 0: an unknown error bar is none.
double or_zero(double value);

}  // namespace tbft::plots
