// Sections as LaTeX tables for \usepackage{booktabs}.
#pragma once

#include <span>
#include <string>

#include "results/tables/section.h"
#include "results/tables/summary.h"

namespace tbft::results {

// The paper's tables first (accuracy and saving by training size), then all of the report.
std::string render_latex(const Summary& summary);

std::string to_latex(std::span<const Section> sections);

}  // namespace tbft::results
