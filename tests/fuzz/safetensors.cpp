// A file of safetensors: the input up to the first zero byte is the header, the rest the tensors. The header's length, which
// stands before it in a file, is made here, because few random bytes have the right one.
#include <string>

#include "models/checkpoint/state_dict.h"
#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::models;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::text(data, size);
  const auto header = input.substr(0, input.find('\0'));
  std::string file;
  for (unsigned i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xff);
  file += header;
  if (header.size() < size) file += input.substr(header.size() + 1);
  try {
    for (const NamedTensor& tensor : read_state_dict(std::as_bytes(std::span(file)), "x.safetensors")) {
      const auto count = element_count(tensor.shape);
      fuzz::check(count && static_cast<std::size_t>(*count) * size_of(tensor.dtype) == tensor.bytes.size());
    }
  } catch (const CheckpointError&) {
    return 0;
  }
  return 0;
}
