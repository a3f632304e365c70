#include "power/protocol/rd_um_frame.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::power::rd_um;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Stream stream;
  fuzz::feed_in_pieces(stream, {data, size}, [&] {
    while (const auto frame = stream.next()) fuzz::check(frame->model != nullptr && frame->volts_V <= 30);
  });
  if (size < frame_bytes) return 0;
  // As a frame whose check is right, whatever it says.
  std::array<std::uint8_t, frame_bytes> bytes{};
  std::copy_n(data, bytes.size(), bytes.begin());
  bytes[0] = 0x0D;
  bytes[1] = 0x4C;
  bytes[frame_bytes - 1] = check_sum(bytes);
  const auto frame = decode(bytes);
  fuzz::check(!frame || frame->amps_A <= 1.25 * frame->model->most_A);
  return 0;
}
