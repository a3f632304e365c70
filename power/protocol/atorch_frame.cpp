#include "power/protocol/atorch_frame.h"

#include <numeric>

#include "power/protocol/byte_queue.h"
#include "tbft/power/units.h"

namespace tbft::power::atorch {
namespace {

constexpr std::uint8_t report_type = 0x01;

// USB meters (UD18, J7-c): 32 V and 5.1 A. DC meters and loads reach 1000 V and, with external shunts, some 100 A.
bool is_plausible(const Report& r) {
  const bool usb = r.kind == Kind::usb;
  return r.volts_V <= (usb ? 40 : 1000) && r.amps_A <= (usb ? 8 : 500) && r.volts_V * r.amps_A <= 20e3;
}

bool may_begin_report(std::span<const std::uint8_t> bytes) {
  return bytes[0] == 0xFF && (bytes.size() < 2 || bytes[1] == 0x55) && (bytes.size() < 3 || bytes[2] == report_type);
}

}  // namespace

std::uint8_t check_sum(std::span<const std::uint8_t> frame) {
  const auto from_type = frame.subspan(2);
  return static_cast<std::uint8_t>((std::accumulate(from_type.begin(), from_type.end(), 0U) & 0xFFU) ^ 0x44U);
}

std::optional<Report> decode(std::span<const std::uint8_t, report_bytes> bytes, Check check) {
  if (!may_begin_report(bytes)) return std::nullopt;
  if (check == Check::on && bytes[report_bytes - 1] != check_sum(bytes.first<report_bytes - 1>())) return std::nullopt;
  if (bytes[3] < 1 || bytes[3] > 3) return std::nullopt;
  Report r;
  r.kind = static_cast<Kind>(bytes[3]);
  if (r.kind == Kind::ac) {
    r.volts_V = r.amps_A = r.charge_Ah = r.energy_Wh = unknown;
    return r;
  }
  const bool usb = r.kind == Kind::usb;
  const Steps steps = steps_of(r.kind);
  r.volts_V = big_endian(bytes, 4, 3) * steps.volts_V;
  r.amps_A = big_endian(bytes, 7, 3) * steps.amps_A;
  r.charge_Ah = big_endian(bytes, 10, 3) * (usb ? 1e-3 : 1e-2);
  r.energy_Wh = big_endian(bytes, 13, 4) * (usb ? 1e-2 : 10);
  if (!is_plausible(r)) return std::nullopt;
  return r;
}

std::optional<Report> Stream::next() {
  for (;;) {
    std::size_t start = 0;
    while (start < queue_.bytes().size() && !may_begin_report(queue_.bytes().subspan(start))) ++start;
    queue_.drop(start);
    if (queue_.bytes().size() < report_bytes) return std::nullopt;
    const auto report = decode(queue_.bytes().first<report_bytes>(), check_);
    queue_.drop(report ? report_bytes : 1);
    if (report) return report;
    ++rejected_;
  }
}

}  // namespace tbft::power::atorch
