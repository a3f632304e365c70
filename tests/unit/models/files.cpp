#include "tests/unit/models/files.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace tbft::models::testing {
namespace {

std::string little_endian(std::uint64_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string quoted(const std::string& argument) {
  std::string out = "'";
  for (const char c : argument) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out += "'";
}

}  // namespace

std::string run_python(const std::vector<std::string>& arguments) {
  // A sanitizer's settings are for the test, not for Python.
  std::string command = "env -u LD_PRELOAD OMP_NUM_THREADS=1 /usr/bin/python3";
  for (const std::string& argument : arguments) command += fmt::format(" {}", quoted(argument));
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");  // NOLINT(cert-env33-c): every argument is quoted
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> part{};
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), got);
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(fmt::format("{}\n{}\n(the tests need python3-torch)", command, output));
  }
  return output;
}

void write_zip(const std::filesystem::path& path, const Entries& entries, bool deflate) {
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  if (archive == nullptr) throw std::runtime_error("cannot write " + path.string());
  for (const auto& [name, bytes] : entries) {
    const zip_int64_t index = zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0), 0);
    if (index < 0) throw std::runtime_error("cannot add " + name);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  if (zip_close(archive) != 0) throw std::runtime_error(zip_strerror(archive));
}

std::string int32(std::int32_t value) {
  return fmt::format("J{}", little_endian(static_cast<std::uint32_t>(value), 4));
}

std::string int64(std::int64_t value) {
  return fmt::format("\x8a\x08{}", little_endian(static_cast<std::uint64_t>(value), 8));
}

std::string text(std::string_view text) {
  return fmt::format("X{}{}", little_endian(text.size(), 4), text);
}

std::string tuple(const std::vector<std::string>& items) {
  return fmt::format("({}t", fmt::join(items, ""));
}

std::string global(std::string_view module, std::string_view name) {
  return fmt::format("c{}\n{}\n", module, name);
}

std::string tensor(std::string_view key, std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides) {
  const auto integers = [](const std::vector<std::int64_t>& values) {
    std::vector<std::string> items;
    items.reserve(values.size());
    for (const std::int64_t value : values) items.push_back(int64(value));
    return tuple(items);
  };
  const std::string storage = tuple({text("storage"), global("torch", "FloatStorage"), text(key), text("cpu"), int64(count)});
  const std::string hooks = global("collections", "OrderedDict") + ")R";
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage + "Q", int64(offset), integers(shape), integers(strides), "\x89", hooks}) + "R";
}

std::string dict_pickle(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "\x80\x02}(";
  for (const auto& [key, value] : items) out += key + value;
  return out + "u.";
}

}  // namespace tbft::models::testing
