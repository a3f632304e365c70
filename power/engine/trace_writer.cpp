#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "tbft/power/trace.h"

namespace tbft::power {
namespace {

constexpr TimeNs flush_every = 1'000'000'000;

template <typename Value>
std::string header_line(std::string_view key, const Value& value) {
  return fmt::format("# {}: {}\n", key, value);
}

std::string header_lines(const Accuracy& a) {
  const auto limit = [](std::string_view key, const std::optional<double>& x) {
    return header_line(key, x ? fmt::format("{}", *x) : "unknown");
  };
  return limit("gain_limit_rel", a.gain_limit_rel) + limit("offset_limit_A", a.offset_limit_A) +
         limit("offset_limit_V", a.offset_limit_V) + limit("offset_limit_W", a.offset_limit_W) +
         header_line("resolution_A", a.resolution_A) + header_line("resolution_V", a.resolution_V) +
         header_line("resolution_W", a.resolution_W) + header_line("resolution_J", a.resolution_J) +
         (a.one_rounding ? header_line("one_rounding", 1) : "");
}

// What may change while a meter is sampled.
std::string changing_lines(const MeterInfo& meter) {
  return header_line("gap_limit_s", meter.gap_limit_s) + header_line("nominal_period_s", meter.nominal_period_s) +
         header_line("averaging_s", meter.averaging_s) + header_line("current_share", meter.current_share) +
         header_line("latency_s", meter.latency_s) + header_lines(meter.accuracy);
}

std::string header(const MeterInfo& meter, const ClockPair& clock) {
  const auto one_line = [](std::string text) {
    for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return text.substr(0, 2048);
  };
  std::string text = fmt::format("{}\n", trace_magic);
  const auto add = [&](std::string_view key, const auto& value) { text += header_line(key, value); };
  add("meter", one_line(meter.uri));
  add("description", one_line(meter.description));
  add("scope", to_string(meter.scope));
  add("measured", meter.measured ? 1 : 0);
  add("counter", meter.counter ? 1 : 0);
  text += changing_lines(meter);
  add("steady_ns", clock.steady_ns);
  add("system_ns", clock.system_ns);
  return text;
}

// The end of the last complete line of an existing trace; 0 for an empty or absent file.
std::uintmax_t whole_lines(const std::filesystem::path& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  if (none || size == 0) return 0;
  std::ifstream in(path, std::ios::binary);
  std::string first;
  first.resize(trace_magic.size());
  in.read(first.data(), static_cast<std::streamsize>(first.size()));
  first.resize(static_cast<std::size_t>(in.gcount()));
  if (!trace_magic.starts_with(first)) {
    throw TraceError(fmt::format("{}: exists and is not a trace; choose another name or remove it", path.string()));
  }
  in.clear();
  for (auto end = size; end > 0; --end) {
    in.seekg(static_cast<std::streamoff>(end - 1));
    if (in.get() == '\n') return end;
  }
  return 0;
}

// Whether the trace has its line of columns, which is missing if writing ended before the first row.
bool has_columns(const std::filesystem::path& path, std::uintmax_t end) {
  if (end == 0) return false;
  std::ifstream in(path, std::ios::binary);
  std::string line;
  for (std::uintmax_t at = 0; at < end && std::getline(in, line); at += line.size() + 1) {
    if (line == trace_columns) return true;
    if (!line.starts_with('#')) return false;
  }
  return false;
}

}  // namespace

struct TraceWriter::Impl {
  std::filesystem::path path;
  int fd = -1;
  std::array<char, 1 << 16> buffer{};
  std::size_t used = 0;
  TimeNs flush_due = 0;

  [[noreturn]] void fail(const char* what) const {
    throw std::system_error(errno, std::generic_category(), fmt::format("trace {}: {}", path.string(), what));
  }

  void put(std::string_view text) {
    if (text.size() > buffer.size() - used) flush();
    text.copy(buffer.data() + used, text.size());
    used += text.size();
  }
  template <typename Number>
  void put_number(Number x) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
    put(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
  }

  void flush() {
    std::size_t done = 0;
    while (done < used) {
      const ssize_t n = ::write(fd, buffer.data() + done, used - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        used = 0;  // unwritten data are dropped, so that a later write does not begin in the middle of a line
        fail("cannot be written");
      }
      done += static_cast<std::size_t>(n);
    }
    used = 0;
  }
};

TraceWriter::TraceWriter(const std::filesystem::path& path, const MeterInfo& meter, const ClockPair& clock)
    : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  std::uintmax_t end = whole_lines(path);
  const bool resumed = has_columns(path, end);
  if (!resumed) end = 0;
  impl_->fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (impl_->fd < 0) impl_->fail("cannot be opened for writing");
  try {
    // EINVAL: a pipe, which cannot be truncated and has no old data.
    if (::ftruncate(impl_->fd, static_cast<off_t>(end)) != 0 && errno != EINVAL)
      impl_->fail("cannot be cut back to its last whole line");
    impl_->put(header(meter, clock));
    if (!resumed) impl_->put(fmt::format("{}\n", trace_columns));
    impl_->flush();
  } catch (...) {
    ::close(impl_->fd);
    throw;
  }
}

TraceWriter::~TraceWriter() {
  try {
    close();
  } catch (const std::system_error&) {  // a destructor cannot report errors; close() does
    ::close(impl_->fd);
  }
}

void TraceWriter::write(const Reading& reading) {
  Impl& out = *impl_;
  out.put_number(reading.t_ns);
  for (const double x : {reading.volts_V, reading.amps_A, reading.power_W, reading.energy_J}) {
    out.put(",");
    if (std::isfinite(x)) out.put_number(x);
  }
  out.put(",");
  for (unsigned bit = 0; bit < trace_flags.size(); ++bit) {
    if ((reading.flags & (1U << bit)) != 0) out.put(trace_flags.substr(bit, 1));
  }
  out.put(",\n");
  if (reading.t_ns >= out.flush_due) {
    out.flush_due = reading.t_ns + flush_every;
    out.flush();
  }
}

void TraceWriter::write(const Mark& mark) {
  if (!is_valid_mark_name(mark.name)) {
    throw std::invalid_argument(
        fmt::format("window name `{}`: 1 to 512 bytes without comma, quote or control character", mark.name));
  }
  impl_->put_number(mark.t_ns);
  impl_->put(",,,,,,");
  impl_->put(mark.opens ? "+" : "-");
  impl_->put(mark.name);
  impl_->put("\n");
}

void TraceWriter::write(const MeterInfo& changed) {
  impl_->put(changing_lines(changed));
}

void TraceWriter::sync() {
  impl_->flush();
  if (::fdatasync(impl_->fd) != 0 && errno != EINVAL && errno != EROFS) impl_->fail("cannot be synced");
}

void TraceWriter::flush() {
  impl_->flush();
}

void TraceWriter::close() {
  if (impl_->fd < 0) return;
  impl_->flush();
  if (::fsync(impl_->fd) != 0 && errno != EINVAL && errno != EROFS)
    impl_->fail("cannot be synced");  // EINVAL: a pipe, which needs no sync
  const int fd = std::exchange(impl_->fd, -1);
  if (::close(fd) != 0) impl_->fail("cannot be closed");
}

}  // namespace tbft::power
