#include "harness/data/superclass_table.h"

#include "tests/fuzz/fuzz.h"

using namespace tbft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    for (const auto& superclass : data::parse_superclasses(fuzz::text(data, size), "table.toml"))
      fuzz::check(!superclass.name.empty() && !superclass.source.empty() && !superclass.target.empty());
  } catch (const data::DataError&) {
    return 0;
  }
  return 0;
}
