#include "plots/style.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "plots/gnuplot.h"
#include "results/text.h"

namespace tbft::plots {

Look look_of(const std::string& strategy) {
  if (strategy == "block1") return {"#3b0f70", 5};
  if (strategy == "block2") return {"#2a788e", 7};
  if (strategy == "block3") return {"#5ec962", 9};
  if (strategy == "block4") return {"#a0da39", 8};
  if (strategy == "block5") return {"#c8e020", 10};
  if (strategy == "fc") return {"#f6d746", 13};
  if (strategy == "full") return {"#000000", 11};
  if (strategy == "block-avg") return {"#808080", 15};
  if (strategy == "none") return {"#808080", 1};
  if (strategy == "bn-stats") return {"#d55e00", 6};
  constexpr int first = 2, last = 4;  // crosses and an open square for all other strategies
  return {"#cc79a7", first + static_cast<int>(std::hash<std::string>{}(strategy) % (last - first + 1))};
}

std::string name_of(std::string_view kind, const results::TableSet& set, std::size_t index) {
  std::string name = fmt::format("{}-{}-{}", kind, set.key.dataset, set.key.drift);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '-';
  }
  return index == 0 ? name.substr(0, 80) : fmt::format("{}-{}", name.substr(0, 80), index + 1);
}

std::string estimate_note(const results::JoulesBasis& energy) {
  return energy.estimate && energy.basis != results::Basis::none ? "ESTIMATE, not a measurement" : "";
}

std::string estimate_note(const results::CellRow& row) {
  if (row.measured == 1) return "";
  return row.meter.starts_with("replay:") ? "REPLAY, not a measurement" : "ESTIMATE, not a measurement";
}

std::string note_script(const std::string& note) {
  if (note.empty()) return "unset label 1\n";
  return fmt::format("set label 1 {} at graph 0.02, 0.96 left front textcolor rgb \"#b00020\"\n", in_quotes(note));
}

std::string joules_label(const results::JoulesBasis& energy) {
  const auto basis = results::to_string(energy.basis);
  return fmt::format("training energy / J{}{}", basis.empty() ? "" : ", ", basis);
}

std::string points_script(std::string_view data, const std::string& strategy) {
  const Look look = look_of(strategy);
  return fmt::format(
      "{0} using 1:2 with points pointtype {1} pointsize 1.1 linecolor rgb \"black\" notitle, "
      "{0} using 1:2 with points pointtype {1} pointsize 0.75 linecolor rgb \"{2}\" title {3}",
      data, look.point, look.colour, in_quotes(strategy));
}

Figure arrange(Figure figure, const std::string& title, const std::vector<std::string>& panels) {
  constexpr std::size_t columns = 2;
  constexpr int title_px = 40;
  const std::size_t wide = std::min(columns, panels.size()), high = (panels.size() + wide - 1) / wide;
  figure.width_px *= static_cast<int>(wide);
  figure.height_px = figure.height_px * static_cast<int>(high) + title_px;
  // The edges of the picture cut a long title, so the name of the data set comes first.
  const auto fits = static_cast<std::size_t>(figure.width_px / 7);
  figure.script +=
      fmt::format("set multiplot layout {},{} title {} font \",12\"\n", high, wide, in_quotes(results::printable(title, fits)));
  for (const std::string& panel : panels) figure.script += panel;
  figure.script += "unset multiplot\n";
  return figure;
}

double or_zero(double value) {
  return std::isfinite(value) ? value : 0;
}

}  // namespace tbft::plots
