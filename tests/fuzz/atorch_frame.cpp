#include "power/protocol/atorch_frame.h"

#include <array>

#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::power::atorch;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Stream stream;
  fuzz::feed_in_pieces(stream, {data, size}, [&] {
    while (stream.next()) continue;
  });
  if (size < report_bytes) return 0;
  std::array<std::uint8_t, report_bytes> bytes{};
  std::copy_n(data, bytes.size(), bytes.begin());
  bytes[0] = 0xFF;
  bytes[1] = 0x55;
  bytes[2] = 0x01;
  bytes[report_bytes - 1] = check_sum(std::span(bytes).first(report_bytes - 1));
  const auto report = decode(bytes);
  fuzz::check(!report || !(report->volts_V > 1000 || report->amps_A > 500));  // AC: neither is known
  return 0;
}
