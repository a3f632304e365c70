// Sections as LaTeX.
#include <fmt/format.h>

#include <map>
#include <string_view>

#include "results/tables/section.h"

namespace tbft::results {

namespace {

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

}  // namespace

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
