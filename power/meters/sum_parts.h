// The parts of a sum:// : their names and URIs, and which meters may not be added.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

struct SumPart {
  std::string name;
  MeterUri uri;
};

// The parts in alphabetical order of their names. Throws BadMeterUri for an unknown option, for fewer than 2 or more than 16
// parts, and for a part that cannot be one: a program, a recording, another sum, `auto`.
std::vector<SumPart> sum_parts(const MeterUri& uri);

// Throws BadMeterUri, which names both parts, if two of them measure the same energy as far as that can be known: one meter
// twice, a supply and what it supplies. `infos`: the parts' meters, in the same order.
void refuse_overlap(std::span<const SumPart> parts, std::span<const MeterInfo> infos, const Roots& roots);

}  // namespace tbft::power
