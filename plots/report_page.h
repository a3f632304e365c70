// The page of a report: what there is to know about some runs, in one HTML file.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plots/figure.h"
#include "plots/page.h"
#include "results/run_facts.h"

namespace tbft::plots {

// By the name that the user gave each run; nothing where it has no run.json.
using NamedFacts = std::vector<std::pair<std::string, std::optional<results::RunFacts>>>;

// `notes` are warnings of whoever read the runs. Figures are drawn here; without gnuplot the page says so.
Page report_page(const FigureData& data, const NamedFacts& runs, std::vector<std::string> notes);

}  // namespace tbft::plots
