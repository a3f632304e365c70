// What `meters --self-test --report` writes: a self-test that users paste into docs/seen-on-hardware.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/host/board.h"

namespace tbft::cli {

// Markdown: a table with one line, and all values as JSON. `test` is the object that `meters --self-test --json` prints; the
// board's model and kernel, the version of this program and the date are added. The address and the key file of a meter on
// another machine are replaced by words. Throws power::BadMeterUri if test["meter"] is no URI.
std::string self_test_report(nlohmann::ordered_json test, const Board& board);

}  // namespace tbft::cli
