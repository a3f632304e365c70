// The whole power library but its counters for Google Benchmark (tbft/power/energy_counters.h) and the parts for programs that
// look after meters (calibration, self-test, detection, GPIO, server), which have headers of their own.
#pragma once

#include "tbft/power/clock.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/monitor.h"
#include "tbft/power/plausible.h"
#include "tbft/power/registry.h"
#include "tbft/power/trace.h"
#include "tbft/power/units.h"
#include "tbft/power/window.h"
