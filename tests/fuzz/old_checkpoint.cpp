// A file of torch before 1.6, without its head: the pickles of the magic number and of the protocol, which are fixed.
#include <string>

#include "models/checkpoint/state_dict.h"
#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::models;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string head("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02\x4d\xe9\x03\x2e", 21);
  const std::string file = head + std::string(fuzz::text(data, size));
  try {
    for (const NamedTensor& tensor : read_state_dict(std::as_bytes(std::span(file)), "x.pth")) {
      const auto count = element_count(tensor.shape);
      fuzz::check(count && static_cast<std::size_t>(*count) * size_of(tensor.dtype) == tensor.bytes.size());
    }
  } catch (const CheckpointError&) {
    return 0;
  }
  return 0;
}
