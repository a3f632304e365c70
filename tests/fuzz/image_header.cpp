#include "harness/data/image_header.h"

#include <stdexcept>

#include "tests/fuzz/fuzz.h"

using namespace tbft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto header = data::read_image_header({data, size});
    fuzz::check(header.height > 0 && header.width > 0);
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
