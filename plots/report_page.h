// The report on some runs as one HTML file.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plots/figure.h"
#include "plots/page.h"
#include "results/run_facts.h"

namespace tbft::plots {

// By the name that the user gave each run; empty for a run without run.json.
using NamedFacts = std::vector<std::pair<std::string, std::optional<results::RunFacts>>>;

// `notes` are warnings from reading the runs. Figures are drawn here; without gnuplot the page says so.
Page report_page(const FigureData& data, const NamedFacts& runs, std::vector<std::string> notes);

}  // namespace tbft::plots
