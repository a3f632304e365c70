// nvml://0 : an NVIDIA GPU by its index, or nvml://GPU-8a56... by its UUID (stable; nvidia-smi -L lists both). nvml://MIG-... ,
// an instance of a GPU, is read as its whole GPU, because NVML has no power value for an instance.
//
// Reads the energy counter (mJ) if the GPU has one, otherwise the power (mW). Its scope is package: the whole card, but not the
// board. Options: gain_pct, gap_limit. NVML states no accuracy for the counter. On Ampere and later (except GA100) power is a
// mean over 1 s; A100 and H100 sample the current during a quarter of the time.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable: no library, no driver, no such GPU, or a GPU that reports neither energy nor power.
std::unique_ptr<Meter> open_nvml(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_nvml(const Roots& roots);

}  // namespace tbft::power
