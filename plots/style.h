// Parts that figures share: colours and shapes of strategies, names, notes, panels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plots/figure.h"
#include "results/tables/table_set.h"

namespace tbft::plots {

// Strategies differ in colour, in lightness (for greyscale and colour-blind readers) and in shape.
struct Look {
  std::string_view colour;
  int point;  // gnuplot's point type
};
Look look_of(const std::string& strategy);

// "accuracy-synthetic-input"; unique within a report by `index`.
std::string name_of(std::string_view kind, const results::TableSet& set, std::size_t index);
// "ESTIMATE, not a measurement" for joules that were not measured, otherwise empty.
std::string estimate_note(const results::JoulesBasis& energy);
std::string estimate_note(const results::CellRow& row);
// Commands that write the note in large letters into the graph, or remove it for the next panel.
std::string note_script(const std::string& note);

// "training energy / J, net"
std::string joules_label(const results::JoulesBasis& energy);

// Clauses of `plot` that draw a strategy's points: its colour in front of a larger black shape.
std::string points_script(std::string_view data, const std::string& strategy);

// Arranges panels two in a row. Each is a text of commands that ends with its `plot`. `figure` has the size of one panel, and
// as script the settings that all share.
Figure arrange(Figure figure, const std::string& title, const std::vector<std::string>& panels);

// Replaces NaN by 0, so that an unknown error bar is not drawn.
double or_zero(double value);

}  // namespace tbft::plots
