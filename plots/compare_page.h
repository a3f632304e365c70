// The comparison of runs as one HTML file: what differs first, then every table.
#pragma once

#include <span>

#include "plots/page.h"
#include "results/comparison.h"

namespace tbft::plots {

Page compare_page(std::span<const results::Comparison> comparisons);

}  // namespace tbft::plots
