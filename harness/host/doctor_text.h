// What `tbft doctor` prints: first what fits, last, on one line, what is absent.
#pragma once

#include <string>

#include "harness/host/doctor.h"

namespace tbft {

// "  warning       cpu governor: powersave ..." and, on a line below, the fix.
std::string to_text(const Check& check);
std::string to_text(const power::FoundMeter& meter);
std::string to_text(const MeterExam& exam);
// The choice of `auto`; the meters, those that are ready first; the checks. What is absent stands on one line behind each list
// unless `all`, but a check with a fix always stands in full.
std::string to_text(const Findings& findings, bool all);

}  // namespace tbft
