#include "harness/data/npy.h"

#include "tests/fuzz/fuzz.h"

using namespace tbft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto array = data::parse_npy({data, size}, "x.npy");
    fuzz::check(array.bytes.size() <= size);
    auto count = array.bytes.size() / (array.dtype == "|u1" ? 1U : array.dtype == "<i4" ? 4U : 8U);
    fuzz::check(data::whole_numbers(array).size() == count);
    for (const auto length : array.shape) {
      fuzz::check(length >= 0 && (length == 0 ? count == 0 : count % static_cast<std::size_t>(length) == 0));
      if (length > 0) count /= static_cast<std::size_t>(length);
    }
  } catch (const data::DataError&) {
    return 0;
  }
  return 0;
}
