// nvml://0 : an NVIDIA GPU by its index, or nvml://GPU-8a56... by its UUID (stable; nvidia-smi -L lists both). nvml://MIG-... ,
// an instance of a GPU, is read as its whole GPU: it has no power of its own.
//
// The energy counter (mJ) where the GPU has one, else its power (mW). The whole card, of scope package: it is not the board.
// Options: gain_pct, gap_limit. NVML states no accuracy for the counter. On Ampere and later (except GA100) power is a mean
// over 1 s; A100 and H100 look at the current in a quarter of the time.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable: no library, no driver, no such GPU, or one that tells neither energy nor power.
std::unique_ptr<Meter> open_nvml(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_nvml(const Roots& roots);

}  // namespace tbft::power
