#include <string>

#include "results/step_cost_csv.h"
#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::results;

namespace {

std::string written(const std::vector<StepCostRow>& rows) {
  std::string text = csv_header(step_cost_columns()) + '\n';
  for (const StepCostRow& row : rows) text += csv_line(step_cost_columns(), row) + '\n';
  return text;
}

}  // namespace

// Rows under the right header: what is read comes back when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = csv_header(step_cost_columns()) + '\n' + std::string(fuzz::text(data, size));
  try {
    const std::string once = written(parse_step_costs(text, "steps"));
    fuzz::check(written(parse_step_costs(once, "again")) == once);
  } catch (const CsvError&) {
    return 0;
  }
  return 0;
}
