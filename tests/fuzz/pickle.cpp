// The pickle alone: inside a .pth file a CRC stands before it, which hides most of it from the state_dict target.
#include "models/checkpoint/pickle.h"

#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::models;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document = pickle::parse(std::as_bytes(std::span(data, size)), "x.pth: data.pkl");
    fuzz::check(document.root < document.values.size());
  } catch (const CheckpointError&) {
    return 0;
  }
  return 0;
}
