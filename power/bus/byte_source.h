// Bytes that a program prints or that arrive in a pipe, read without waiting. The only code of the power library that starts a
// program.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace tbft::power {

// Used by one thread at a time. Nothing here waits or starts a thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Returns how many bytes that arrived since the last call were put into `into`; 0: none. nullopt: no more will come.
  virtual std::optional<std::size_t> read(std::span<char> into) = 0;
  // Once no more will come: the reason, such as "the program ended with exit code 1".
  virtual std::string end() = 0;
};

// Starts `sh -c command`, or the program itself where `command` is the name of a file. What it prints is read; its standard
// input is empty, and its standard error is this program's. It and what it starts are a process group of their own, so that
// Ctrl-C in a terminal does not reach them. The destructor ends them: SIGTERM, and SIGKILL a second later. Throws
// MeterUnavailable.
std::unique_ptr<ByteSource> start_program(const std::string& command);

// Opens a pipe (FIFO), a character device or a file. A pipe without a writer has no bytes and does not end, because the next
// writer may come. Of a file only what is added from now on is read. Throws MeterUnavailable with the fix.
std::unique_ptr<ByteSource> open_pipe(const std::filesystem::path& path);

}  // namespace tbft::power
