// Parts that figures share: colours, names, axes, rows, labels, legends.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plots/figure.h"
#include "results/tables/table_set.h"

namespace tbft::plots {

// A colour by its CSS variable on a page, in light pictures and in dark ones.
struct Colour {
  std::string_view variable, light, dark;
};
std::span<const Colour> palette();
inline constexpr std::string_view text_colour = "#1a1a1a", grid_colour = "#d4d4d4", grey = "#767676";
inline constexpr std::string_view blue = "#1d54c1", orange = "#d37812", brown = "#8f615c", purple = "#820a73",
                                  olive = "#505103", violet = "#9c76f3", teal = "#3998a8";

// Strategies differ in colour and in shape, for greyscale and colour-blind readers. Labels name them as well.
struct Look {
  std::string_view colour;
  int point;  // gnuplot's point type
};
Look look_of(const std::string& strategy);

// "accuracy-synthetic-input"; unique within a report by `index`.
std::string name_of(std::string_view kind, const results::TableSet& set, std::size_t index);
// "cifar-flip, output drift, mean of 15 conditions": the data of a figure.
std::string subject_of(const results::Key& key);
// "Paper protocol, BOARD, NETWORK, joules estimated, not measured": where it was run; `note` as by kinds_note().
std::string subtitle_of(const results::Key& key, std::string_view note);
void add_sentence(std::string& subtitle, std::string_view sentence);
// "10 % of the data for training"; empty if unknown.
std::string size_title(const results::Key& key);

// The text on lines of at most so many characters, broken at blanks where it has some.
std::vector<std::string> wrapped(std::string_view text, std::size_t characters);
// An estimate of the width of a text in the small font, on the wide side.
double small_text_px(std::string_view text);

// From..to with tics `step` apart, rounded outwards.
struct Axis {
  double from = 0, to = 1, step = 0.2;
};
// An axis that shows low..high with some room and stays within what can be: percentages below 100, joules above 0.
Axis axis_of(double low, double high, std::optional<double> least, std::optional<double> most);
// Ranges, tics and labels of the axes. gnuplot places its own labels of axes by the size of its characters, which cuts them off
// where the margins are given in pixels.
std::string x_axis_script(const Axis& range, std::string_view label, const Frame& frame);
std::string y_axis_script(const Axis& range, std::string_view label, const Frame& frame);

// A row for each name, from the top down, with its name on the left.
std::string rows_script(std::span<const std::string> names);
// The frame of a panel with rows, which is narrower if several stand beside each other.
Frame rows_frame(std::span<const std::string> names, std::size_t panels);

// A label at x, y (pixels of the graph, from its left top corner; y is the middle of the line).
struct Spot {
  double x = 0, y = 0;
};
std::string label_script(int number, std::string_view text, Spot at, const Frame& frame, std::string_view alignment);

// A legend below the graph: boxes, or points of a gnuplot type.
struct LegendItem {
  std::string text;
  std::string_view colour;
  int point = 0;       // 0: a box
  double opacity = 1;  // of a box
};
// Makes room for it in the frame and returns its commands. Its numbers of labels and objects start at 1,000,000.
std::string add_legend(Frame& frame, std::span<const LegendItem> items);

// Replaces NaN by 0, so that an unknown error bar is not drawn.
double or_zero(double value);

}  // namespace tbft::plots
