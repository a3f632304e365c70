// Any bytes, in pieces of any size, through the frame reader and the decoder of the remote protocol. What decodes must survive
// being encoded again. The first byte chooses the pieces.
#include "power/protocol/remote_frame.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace tbft::power::remote;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  ByteView rest(data + 1, size - 1);
  FrameReader reader;
  while (!rest.empty()) {
    const ByteView some = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(some.size());
    reader.feed(some);
    while (const auto frame_bytes = reader.next()) {
      const auto message = decode(*frame_bytes);
      if (!message) continue;
      const Bytes again = encode(*message);
      // NaN has many bit patterns and the decoder keeps one, so bytes are compared from the second round on.
      const auto second = decode(again);
      if (!second || encode(*second) != again) std::abort();
    }
    if (reader.buffered() > size) std::abort();
  }
  return 0;
}
