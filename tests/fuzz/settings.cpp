#include "harness/experiment/settings.h"
#include "harness/host/usage_error.h"

#include "tests/fuzz/fuzz.h"

using namespace tbft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const Settings settings = parse_settings(fuzz::text(data, size), "experiment.toml", {});
    fuzz::check(!to_json(effective(settings, 4)).empty());
  } catch (const UsageError&) {
    return 0;
  }
  return 0;
}
