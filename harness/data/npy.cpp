#include "harness/data/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <boost/algorithm/string/replace.hpp>
#include <boost/interprocess/file_mapping.hpp>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace tbft::data {
namespace {

static_assert(std::endian::native == std::endian::little, "the data are copied byte by byte from the file");

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t max_dimensions = 32;  // numpy's own limit

std::size_t item_bytes(std::string_view dtype) {
  if (dtype == "|u1") return 1;
  if (dtype == "<i4") return 4;
  if (dtype == "<i8") return 8;
  throw std::runtime_error(fmt::format("its values are '{:.20}'; expected '|u1', '<i4' or '<i8'", dtype));
}

[[noreturn]] void malformed() {
  throw std::runtime_error("its header is malformed");
}

// Turns {'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), } into JSON. A tuple becomes an array, and the comma before a
// closing bracket goes. Characters that only JSON would accept are refused.
std::string json_of(std::string_view literal) {
  std::string json;
  for (const char c : literal) {
    if (c == '[' || c == ']' || c == '\\') malformed();
    const bool closes = c == ')' || c == '}';
    if (const auto last = json.find_last_not_of(" \n"); closes && last != std::string::npos && json[last] == ',')
      json[last] = ' ';
    json += c == '(' ? '[' : c == ')' ? ']' : c == '\'' ? '"' : c;
  }
  boost::replace_all(json, "True", "true");
  boost::replace_all(json, "False", "false");
  return json;
}

// Reads the Python literal of a header: three keys in any order, each once. Throws std::runtime_error.
NpyView parse_header(std::string_view text) {
  using Json = nlohmann::json;
  std::set<std::string> left{"descr", "fortran_order", "shape"};
  const auto check_key = [&](int, Json::parse_event_t event, const Json& key) {
    if (event == Json::parse_event_t::key && left.erase(key.get<std::string>()) == 0)
      throw std::runtime_error(fmt::format("its header has an unknown or repeated key '{:.20}'", key.get<std::string>()));
    return true;
  };
  try {
    const auto header = Json::parse(json_of(text), check_key);
    if (!header.is_object()) malformed();
    if (!left.empty()) throw std::runtime_error("its header lacks descr, fortran_order or shape");
    NpyView view{.dtype = header.at("descr").get<std::string>(), .shape = {}, .bytes = {}};
    if (header.at("fortran_order").get<bool>()) throw std::runtime_error("it is in Fortran order; expected C order");
    if (!header.at("shape").is_array() || header.at("shape").size() > max_dimensions) malformed();
    for (const auto& length : header.at("shape")) {
      if (!length.is_number_unsigned() || length.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) malformed();
      view.shape.push_back(length.get<std::int64_t>());
    }
    return view;
  } catch (const Json::exception&) {
    malformed();
  }
}

std::uint64_t product(const std::vector<std::int64_t>& shape, std::size_t item) {
  std::uint64_t bytes = item;
  for (const auto length : shape) {
    const auto factor = static_cast<std::uint64_t>(length);
    if (factor != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / factor)
      throw std::runtime_error("its shape is larger than any file");
    bytes *= factor;
  }
  return bytes;
}

NpyView parse(std::span<const std::uint8_t> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const auto byte = [&](std::size_t i) {
    if (i >= file.size()) throw std::runtime_error("it ends within its header");
    return static_cast<std::size_t>(file[i]);
  };
  if (!text.starts_with(magic)) throw std::runtime_error("it is not a .npy file");
  const auto major = byte(6), minor = byte(7);
  if ((major != 1 && major != 2) || minor != 0)
    throw std::runtime_error(fmt::format("it has .npy format {}.{}; expected 1.0 or 2.0", major, minor));
  const std::size_t begin = major == 1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8U;
  if (major == 2) length |= byte(10) << 16U | byte(11) << 24U;
  if (length > file.size() - begin) throw std::runtime_error("it ends within its header");
  NpyView view = parse_header(text.substr(begin, length));
  view.bytes = file.subspan(begin + length);
  const auto expected = product(view.shape, item_bytes(view.dtype));
  if (view.bytes.size() != expected) {
    throw std::runtime_error(fmt::format("it holds {} bytes of data; its shape ({}) of '{}' takes {}", view.bytes.size(),
                                         fmt::join(view.shape, ", "), view.dtype, expected));
  }
  return view;
}

boost::interprocess::mapped_region mapped(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) throw DataError(fmt::format("{}: {}", path.string(), error.message()));
  if (!std::filesystem::is_regular_file(status) || std::filesystem::file_size(path) == 0)
    throw DataError(fmt::format("{}: empty, or not a file", path.string()));
  try {
    const boost::interprocess::file_mapping file(path.c_str(), boost::interprocess::read_only);
    return {file, boost::interprocess::read_only};
  } catch (const boost::interprocess::interprocess_exception& failure) {
    throw DataError(fmt::format("{}: {}", path.string(), std::generic_category().message(failure.get_native_error())));
  }
}

}  // namespace

NpyView parse_npy(std::span<const std::uint8_t> file, const std::string& name) {
  try {
    return parse(file);
  } catch (const std::runtime_error& error) {
    throw DataError(fmt::format("{}: {}", name, error.what()));
  }
}

std::vector<std::int64_t> whole_numbers(const NpyView& array) {
  const auto item = item_bytes(array.dtype);
  std::vector<std::int64_t> numbers;
  numbers.reserve(array.bytes.size() / item);
  for (std::size_t at = 0; at + item <= array.bytes.size(); at += item) {
    const auto read = [&](auto value) {
      std::memcpy(&value, array.bytes.data() + at, sizeof value);
      return static_cast<std::int64_t>(value);
    };
    numbers.push_back(item == 1 ? read(std::uint8_t{}) : item == 4 ? read(std::int32_t{}) : read(std::int64_t{}));
  }
  return numbers;
}

NpyFile::NpyFile(const std::filesystem::path& path)
    : mapped_(mapped(path)),
      array_(parse_npy({static_cast<const std::uint8_t*>(mapped_.get_address()), mapped_.get_size()}, path.string())) {}

NpyWriter::NpyWriter(const std::filesystem::path& path, const std::vector<std::int64_t>& shape)
    : path_(path), output_(path), file_(output_.staged(), std::ios::binary), missing_(product(shape, 1)) {
  std::string header = fmt::format("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},), }}", fmt::join(shape, ", "));
  constexpr std::size_t preamble = 10, alignment = 64;
  header.append(alignment - 1 - (preamble + header.size()) % alignment, ' ');
  header += '\n';
  file_ << magic << '\x01' << '\0' << static_cast<char>(header.size() & 0xFFU) << static_cast<char>(header.size() >> 8U)
        << header;
  check();
}

void NpyWriter::check() {
  if (!file_) throw std::system_error(errno, std::generic_category(), fmt::format("cannot write {}", path_.string()));
}

void NpyWriter::append(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > missing_) throw std::logic_error(fmt::format("{}: more data than its shape says", path_.string()));
  file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  check();
  missing_ -= bytes.size();
}

void NpyWriter::commit() {
  if (missing_ != 0) throw std::logic_error(fmt::format("{}: {} bytes of data are missing", path_.string(), missing_));
  file_.close();
  check();
  output_.commit();
}

}  // namespace tbft::data
