// Opcodes of pickle protocol 2 that torch.save writes, and a cursor over a pickle's bytes.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "models/checkpoint/state_dict.h"

namespace tbft::models::pickle {

// The names are those of Python's pickletools.
enum class Op : unsigned char {
  proto = 0x80,
  stop = '.',
  mark = '(',
  none = 'N',
  newtrue = 0x88,
  newfalse = 0x89,
  binint1 = 'K',
  binint2 = 'M',
  binint = 'J',
  long1 = 0x8a,
  binfloat = 'G',
  binunicode = 'X',
  empty_tuple = ')',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  tuple = 't',
  empty_list = ']',
  empty_dict = '}',
  append = 'a',
  appends = 'e',
  setitem = 's',
  setitems = 'u',
  binput = 'q',
  long_binput = 'r',
  binget = 'h',
  long_binget = 'j',
  global = 'c',
  reduce = 'R',
  build = 'b',
  binpersid = 'Q',
};

// Reads a pickle from the front. Reading beyond the end throws CheckpointError.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  // Throws CheckpointError with the position of the current opcode.
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw CheckpointError(fmt::format("{} at byte {}: {}", where_, start_, fmt::format(text, std::forward<Args>(args)...)));
  }
  std::string_view where() const { return where_; }
  std::size_t position() const { return position_; }

  Op opcode() {
    start_ = position_;
    return static_cast<Op>(unsigned_integer(1));
  }
  std::uint64_t unsigned_integer(std::size_t bytes) {
    std::uint64_t value = 0;
    const auto part = take(bytes);
    for (std::size_t i = 0; i < bytes; ++i) value |= std::to_integer<std::uint64_t>(part[i]) << (8U * i);
    return value;
  }
  // An integer in two's complement of 0 to 8 bytes, as in LONG1.
  std::int64_t signed_integer(std::size_t bytes) {
    if (bytes > 8) fail("an integer of {} bytes", bytes);
    if (bytes == 0) return 0;
    const auto unused = static_cast<unsigned>(64 - 8 * bytes);
    return std::bit_cast<std::int64_t>(unsigned_integer(bytes) << unused) >> unused;
  }
  double big_endian_double() {
    std::uint64_t bits = 0;
    for (const std::byte byte : take(8)) bits = bits << 8U | std::to_integer<std::uint64_t>(byte);
    return std::bit_cast<double>(bits);
  }
  std::string text(std::uint64_t length) {
    const auto part = take(length);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::string line() {
    const auto rest = bytes_.subspan(position_);
    const auto end = std::ranges::find(rest, std::byte{'\n'});
    if (end == rest.end()) fail("the pickle ends inside a name");
    std::string name = text(static_cast<std::uint64_t>(end - rest.begin()));
    ++position_;
    return name;
  }

 private:
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size() - position_) fail("the pickle ends inside an opcode");
    const auto part = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += part.size();
    return part;
  }

  std::span<const std::byte> bytes_;
  std::string_view where_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;
};

}  // namespace tbft::models::pickle
