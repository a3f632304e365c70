// A summary as text for a terminal, as Markdown and as CSV.
#pragma once

#include <string>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/summary.h"

namespace tbft::results {

// The sections in the order of the report; empty ones are left out.
std::vector<Section> sections_of(const Summary& summary);

std::string render_text(const Summary& summary);  // aligned columns, ASCII only
std::string render_markdown(const Summary& summary);
std::string render_csv(const Summary& summary);  // long form under a constant header

}  // namespace tbft::results
