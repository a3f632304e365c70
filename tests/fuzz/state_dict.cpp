#include "models/checkpoint/state_dict.h"

#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::models;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    for (const NamedTensor& tensor : read_state_dict(std::as_bytes(std::span(data, size)), "x.pth")) {
      const auto count = element_count(tensor.shape);
      fuzz::check(count && static_cast<std::size_t>(*count) * size_of(tensor.dtype) == tensor.bytes.size());
    }
  } catch (const CheckpointError&) {
    return 0;
  }
  return 0;
}
