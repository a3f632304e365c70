// A summary as sections, as LaTeX and as CSV.
#pragma once

#include <string>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/summary.h"

namespace tbft::results {

// The sections in the order of the report; empty ones are left out.
std::vector<Section> sections_of(const Summary& summary);

// The paper's tables first (accuracy and saving by training size), then all sections.
std::string render_latex(const Summary& summary);
// The long form of all tables under a constant header.
std::string render_csv(const Summary& summary);

}  // namespace tbft::results
