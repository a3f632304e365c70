// Scripts of figures: terminal, title, subtitle, and the panels in their places.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "plots/gnuplot.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

struct Canvas {
  int width, height;
};

// Every panel starts from these. gnuplot draws a white disk in each error bar, which hides points; this makes it a dot.
// Texts from files are not interpreted.
std::string settings() {
  return fmt::format(
      "reset\nset encoding utf8\nset pointintervalbox 0.001\nunset key\nset border 3 linecolor rgb \"{0}\"\n"
      "set tics nomirror out scale 0.5\nset grid linetype 1 linewidth 0.7 linecolor rgb \"{1}\"\nset bars 0.5\n"
      "set style fill solid noborder\nset format \"%g\"\n",
      text_colour, grid_colour);
}

std::string terminal_script(Terminal terminal, int width_px, int height_px) {
  if (terminal != Terminal::png)
    return fmt::format("set terminal svg size {},{} noenhanced {} background \"#ffffff\" font \"sans-serif,12\"\n", width_px,
                       height_px, terminal == Terminal::svg ? "dynamic" : "fixed");
  const int longest_px = std::max(width_px, height_px), most_px = 32'000;  // of a side; cairo draws no larger picture
  if (longest_px > most_px)
    throw std::runtime_error(fmt::format(
        "a picture of {} x {} pixels is too large for PNG: take --format svg, or plot fewer runs", width_px, height_px));
  const int scale = 2 * longest_px > most_px ? 1 : 2;  // 2 for screens with a high resolution, and for paper
  return fmt::format(
      "set terminal pngcairo size {},{} noenhanced background \"white\" font \"sans-serif,12\" fontscale {} linewidth {} "
      "pointscale {}\n",
      scale * width_px, scale * height_px, 0.75 * scale, scale, 1.4 * scale);
}

// Title and subtitle on as many lines as they need.
class Head {
 public:
  Head(const Figure& figure, int width_px)
      : title_(wrapped(figure.title, static_cast<std::size_t>((width_px - 2 * edge_px) / 7.8))),
        subtitle_(wrapped(figure.subtitle, static_cast<std::size_t>((width_px - 2 * edge_px) / 6.6))) {}
  int height() const {
    return 2 * edge_px + title_px * static_cast<int>(title_.size()) + subtitle_px * static_cast<int>(subtitle_.size());
  }
  std::string script(const Canvas& canvas) const {
    std::string script;
    int number = 901, y = edge_px;
    const auto add = [&](const std::string& line, int line_px, const char* font) {
      script += fmt::format("set label {} {} at screen {:.5f}, {:.5f} left font \"{}\"\n", number++, in_quotes(line),
                            static_cast<double>(edge_px) / canvas.width, 1 - (y + line_px / 2.0) / canvas.height, font);
      y += line_px;
    };
    for (const std::string& line : title_) add(line, title_px, "sans-serif:Bold,13");
    for (const std::string& line : subtitle_) add(line, subtitle_px, ",11");
    return script;
  }

 private:
  static constexpr int edge_px = 10, title_px = 18, subtitle_px = 16;
  std::vector<std::string> title_, subtitle_;
};

// The margins and the title of a panel whose left top corner stands here.
std::string panel_script(const Panel& panel, const Frame& frame, const Canvas& canvas, int left = 0, int top = 0) {
  const auto x = [&](int px) { return static_cast<double>(left + px) / canvas.width; };
  const auto y = [&](int px) { return 1 - static_cast<double>(top + px) / canvas.height; };
  std::string script = fmt::format(
      "set lmargin at screen {:.6f}\nset rmargin at screen {:.6f}\nset tmargin at screen {:.6f}\nset bmargin at screen "
      "{:.6f}\n",
      x(frame.left), x(frame.width - frame.right), y(frame.top), y(frame.height - frame.bottom));
  if (!panel.title.empty())
    script += fmt::format("set label 900 {} at screen {:.6f}, {:.6f} left\n", in_quotes(panel.title), x(frame.left), y(10));
  return script;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '`') out += c;
  }
  return out + "\"";
}

std::string tic_label(std::string_view text) {
  std::string format;
  for (const char c : text) format += c == '%' ? "%%" : std::string(1, c);
  return in_quotes(format);
}

std::string script_of(const Figure& figure, Terminal terminal) {
  std::string script = fmt::format("# {}\n", in_quotes(caption_of(figure)));
  if (terminal == Terminal::page) {
    for (const Panel& panel : figure.panels) {
      script += terminal_script(terminal, figure.frame.width, figure.frame.height) + settings();
      script += panel_script(panel, figure.frame, {figure.frame.width, figure.frame.height}) + panel.script;
    }
    return script;
  }
  const int columns = static_cast<int>(std::clamp<std::size_t>(figure.panels.size(), 1, 4));
  const int lines = (static_cast<int>(figure.panels.size()) + columns - 1) / columns;
  const Head head(figure, columns * figure.frame.width);
  const Canvas canvas{columns * figure.frame.width, head.height() + lines * figure.frame.height};
  script += terminal_script(terminal, canvas.width, canvas.height);
  if (figure.panels.size() > 1) script += "set multiplot\n";
  int n = 0;
  for (const Panel& panel : figure.panels) {
    const int left = n % columns * figure.frame.width, top = head.height() + n / columns * figure.frame.height;
    script += settings();
    if (n++ == 0) script += head.script(canvas);
    script += panel_script(panel, figure.frame, canvas, left, top) + panel.script;
  }
  return figure.panels.size() > 1 ? script + "unset multiplot\n" : script;
}

}  // namespace tbft::plots
