#include "results/tables/section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "results/tables/text_table.h"
#include "results/text.h"

namespace tbft::results {

namespace {

// Characters that Markdown or HTML would interpret.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("|<>*_`\\[]").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string markdown(const Cells& cells) {
  std::string result;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    result += '|';
    for (const std::string& cell : cells[i]) result += ' ' + escaped(cell) + " |";
    result += '\n';
    if (i > 0) continue;
    result += "|---|";
    for (std::size_t column = 1; column < cells[0].size(); ++column) result += "---:|";
    result += '\n';
  }
  return result;
}

std::string latex(std::string_view text) {
  static const std::map<char, std::string_view> commands{
      {'&', "\\&"},    {'%', "\\%"},   {'$', "\\$"}, {'#', "\\#"},
      {'_', "\\_"},    {'{', "\\{"},   {'}', "\\}"}, {'\\', "\\textbackslash{}"},
      {'~', "\\~{}"},  {'^', "\\^{}"}, {'<', "$<$"}, {'>', "$>$"},
      {'|', "$\\mid$"}};
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto command = commands.find(text[i]);
    if (text.substr(i).starts_with("+- ")) {
      result += "$\\pm$ ";
      i += 2;
    } else if (command != commands.end()) {
      result += command->second;
    } else {
      result += text[i];
    }
  }
  return result;
}

// LaTeX would take a bracket at the beginning of a line as an argument of the preceding line end.
std::string cell(const std::string& text) {
  return text.starts_with('[') ? "{" + latex(text) + "}" : latex(text);
}

std::string table(const Section& section) {
  const std::size_t columns = section.cells.front().size();
  std::string result = "\\begin{table}\n\\centering\\small\n";
  std::string caption = latex(section.title);
  for (const std::string& line : section.captions) caption += (caption.empty() ? "" : "; ") + latex(line);
  if (!caption.empty()) result += fmt::format("\\caption{{{}}}\n", caption);
  result += fmt::format("\\begin{{tabular}}{{l{}}}\n\\toprule\n", std::string(columns - 1, 'r'));
  for (std::size_t row = 0; row < section.cells.size(); ++row) {
    for (std::size_t i = 0; i < columns; ++i) result += (i == 0 ? "" : " & ") + cell(section.cells[row][i]);
    result += row == 0 ? " \\\\\n\\midrule\n" : " \\\\\n";
  }
  return result + "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n";
}

// The note below a table without some of its columns.
std::string note_on(const std::vector<std::string>& left_out, const std::string& elsewhere) {
  if (left_out.empty()) return {};
  return fmt::format("not shown at this width: {} (a wider terminal or {} shows them)", fmt::join(left_out, ", "), elsewhere);
}

// A legend has line ends of its own; where one of its lines is too long, they are set anew.
std::string legend_text(const std::string& legend, std::size_t width) {
  if (wrapped(legend, width) == legend) return legend;
  std::string paragraph = legend.substr(0, legend.find_last_not_of('\n') + 1);
  std::ranges::replace(paragraph, '\n', ' ');
  return fmt::format("{}\n", fmt::join(lines_of(paragraph, width, 0), "\n"));
}

}  // namespace

std::string with_spread(const std::string& value, const std::string& spread) {
  return spread == "-" ? value : value + " +- " + spread;
}

std::string with_uncertainty(double value, double U) {
  if (!(U > 0)) return significant(value, 4);
  const double place = std::floor(std::log10(U));  // of its first digit
  // What rounding leaves of 0, or what a damaged file has.
  if (place < -9 || place > 6) return with_spread(significant(value, 4), significant(U, 2));
  const int digits = std::max(0, 1 - static_cast<int>(place));
  return with_spread(decimals(value, digits), decimals(U, digits));
}

std::string interval_text(double low, double high, int digits) {
  if (!std::isfinite(low) || !std::isfinite(high)) return "-";
  return fmt::format("[{}, {}]", decimals(low, digits), decimals(high, digits));
}

std::string to_text(std::span<const Section> sections, const Layout& layout) {
  std::string result;
  std::string last_note;
  const auto paragraph = [&](const std::string& text) { result += wrapped(text, layout.width) + '\n'; };
  for (const Section& section : sections) {
    if (!section.title.empty()) paragraph(section.title);
    for (const std::string& caption : section.captions) paragraph(caption);
    if (!section.cells.empty()) {
      const TextTable table = text_table(section, layout);
      result += table.text;
      // Tables of one kind leave out the same columns.
      const std::string note = note_on(table.left_out, section.elsewhere);
      if (note != last_note && !note.empty()) paragraph(last_note = note);
    }
    result += legend_text(section.legend, layout.width);
    for (const std::string& line : section.lines) paragraph(line);
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

std::string to_markdown(std::span<const Section> sections) {
  std::string result;
  for (const Section& section : sections) {
    if (!section.title.empty()) result += "## " + escaped(section.title) + "\n\n";
    for (const std::string& caption : section.captions) result += escaped(caption) + "\n\n";
    if (!section.cells.empty()) result += markdown(section.cells);
    result += section.legend;
    if (!section.cells.empty() && !section.lines.empty()) result += '\n';
    for (const std::string& line : section.lines) result += "- " + escaped(line) + '\n';
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

std::string to_latex(std::span<const Section> sections) {
  std::string result = "% \\usepackage{booktabs}\n";
  for (const Section& section : sections) {
    if (!section.cells.empty()) {
      result += table(section);
    } else {
      for (const std::string& caption : section.captions) result += latex(caption) + "\n\n";
    }
    if (!section.legend.empty()) result += latex(section.legend) + "\n";
    for (const std::string& line : section.lines) result += latex(line) + "\n\n";
  }
  return result;
}

}  // namespace tbft::results
