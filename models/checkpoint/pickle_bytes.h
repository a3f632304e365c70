// Opcodes of pickle, and a cursor over a pickle's bytes.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "models/checkpoint/state_dict.h"

namespace tbft::models::pickle {

// The names are those of Python's pickletools. Those of protocol 0 that write values as text are missing: no tool uses it.
enum class Op : unsigned char {
  proto = 0x80,
  frame = 0x95,
  stop = '.',
  // Values.
  none = 'N',
  newtrue = 0x88,
  newfalse = 0x89,
  binint1 = 'K',
  binint2 = 'M',
  binint = 'J',
  long1 = 0x8a,
  long4 = 0x8b,
  binfloat = 'G',
  short_binunicode = 0x8c,
  binunicode = 'X',
  binunicode8 = 0x8d,
  short_binstring = 'U',
  binstring = 'T',
  short_binbytes = 'C',
  binbytes = 'B',
  binbytes8 = 0x8e,
  bytearray8 = 0x96,
  // Containers.
  mark = '(',
  empty_tuple = ')',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  tuple = 't',
  empty_list = ']',
  list = 'l',
  append = 'a',
  appends = 'e',
  empty_dict = '}',
  dict = 'd',
  setitem = 's',
  setitems = 'u',
  empty_set = 0x8f,
  additems = 0x90,
  frozenset = 0x91,
  // Stack and memo.
  pop = '0',
  pop_mark = '1',
  dup = '2',
  binput = 'q',
  long_binput = 'r',
  memoize = 0x94,
  binget = 'h',
  long_binget = 'j',
  // What Python would build.
  global = 'c',
  stack_global = 0x93,
  reduce = 'R',
  newobj = 0x81,
  newobj_ex = 0x92,
  inst = 'i',
  obj = 'o',
  build = 'b',
  ext1 = 0x82,
  ext2 = 0x83,
  ext4 = 0x84,
  persid = 'P',
  binpersid = 'Q',
  next_buffer = 0x97,
  readonly_buffer = 0x98,
};

// Reads a pickle from the front. Reading beyond the end throws CheckpointError.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string_view where)
      : bytes_(bytes), where_(where), copies_left_(bytes.size() + (1U << 20U)) {}

  // Throws CheckpointError with the position of the current opcode.
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw CheckpointError(fmt::format("{} at byte {}: {}", where_, start_, fmt::format(text, std::forward<Args>(args)...)));
  }
  std::size_t position() const { return position_; }
  // To call before `bytes` bytes are copied. A pickle that repeats a value by its memo could have it copied without end, so all
  // copies together may be little larger than the pickle, as those of a pickle of Python are.
  void spend(std::size_t bytes) {
    if (bytes > copies_left_) fail("the copies of its values are larger than the pickle");
    copies_left_ -= bytes;
  }

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
  // An integer in two's complement; nullopt, and its bytes are passed over, if it has more than 8.
  std::optional<std::int64_t> signed_integer(std::uint64_t bytes) {
    if (bytes > 8) {
      take(bytes);
      return std::nullopt;
    }
    if (bytes == 0) return 0;
    const auto unused = static_cast<unsigned>(64 - 8 * bytes);
    return std::bit_cast<std::int64_t>(unsigned_integer(static_cast<std::size_t>(bytes)) << unused) >> unused;
  }
  double big_endian_double() {
    std::uint64_t bits = 0;
    for (const std::byte byte : take(8)) bits = bits << 8U | std::to_integer<std::uint64_t>(byte);
    return std::bit_cast<double>(bits);
  }
  std::string_view text(std::uint64_t length) {
    const auto part = take(length);
    return {reinterpret_cast<const char*>(part.data()), part.size()};  // char aliases every type
  }
  std::string_view line() {
    const auto rest = bytes_.subspan(position_);
    const auto end = std::ranges::find(rest, std::byte{'\n'});
    if (end == rest.end()) fail("the pickle ends inside a name");
    const auto name = text(static_cast<std::uint64_t>(end - rest.begin()));
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
  std::size_t copies_left_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;
};

}  // namespace tbft::models::pickle
