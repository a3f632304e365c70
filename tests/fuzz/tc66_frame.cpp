#include "power/protocol/tc66_frame.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::power::tc66;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Stream stream;
  fuzz::feed_in_pieces(stream, {data, size}, [&] {
    while (stream.next()) continue;
  });
  if (size < frame_bytes) return 0;
  // No search finds what decrypts to the right names and CRCs: as the plain text of a frame, with these put right.
  Bytes plain{};
  std::copy_n(data, plain.size(), plain.begin());
  for (std::size_t block = 0; block < 3; ++block) {
    constexpr std::string_view name = "pac";
    std::copy(name.begin(), name.end(), plain.begin() + static_cast<std::ptrdiff_t>(64 * block));
    plain[64 * block + 3] = static_cast<std::uint8_t>('1' + block);
    const unsigned crc = crc16(std::span(plain).subspan(64 * block, 60));
    plain[64 * block + 60] = static_cast<std::uint8_t>(crc);
    plain[64 * block + 61] = static_cast<std::uint8_t>(crc >> 8U);
    plain[64 * block + 62] = plain[64 * block + 63] = 0;
  }
  stream.clear();
  stream.feed(encrypt(plain));
  const auto frame = stream.next();
  fuzz::check(!frame || (frame->volts_V <= 30 && frame->amps_A <= 7 && frame->model.size() <= 4));
  return 0;
}
