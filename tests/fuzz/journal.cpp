#include "harness/experiment/journal.h"

#include <sstream>

#include "tests/fuzz/fuzz.h"

using namespace tbft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in{std::string(fuzz::text(data, size))};
  JournalSummary summary;
  try {
    const auto good = read_journal(in, "journal", summary);
    fuzz::check(good == 0 || data[good - 1] == '\n');
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
