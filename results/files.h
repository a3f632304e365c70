// Reads and writes whole files. A crash or a full disk leaves either the old content or the new.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace tbft::results {

// Throws std::system_error with the path; std::runtime_error for more than max_bytes.
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Whether the content must survive a crash of the machine. If not, readers still see either the old content or the new.
enum class Durable { yes, no };

// Follows links to the file that exists, or that would be created. Throws std::system_error for links in a circle.
std::filesystem::path behind_links(std::filesystem::path path);

// Whether the path leads to a device, a pipe or an open descriptor of this process (/dev/stdout, /dev/fd/3); they are written
// to and never replaced. False for regular files, folders and missing files. Throws std::system_error for links in a circle.
bool is_stream(const std::filesystem::path& path);

// An output file whose name the user gave. A regular file, new or old, appears completely or not at all; links to it and its
// mode are kept. A stream is written to and never replaced.
class Output {
 public:
  // Creates an empty temporary file to write to: beside the target, or for a stream in the temporary folder. Throws
  // std::system_error with the path, as commit() does.
  explicit Output(const std::filesystem::path& path);
  ~Output();  // removes a file that was not committed
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const std::filesystem::path& staged() const { return staged_; }
  void commit(Durable durable = Durable::yes);

 private:
  std::filesystem::path target_, staged_;
  bool stream_;
};

// Writes a whole text file as an Output. A stream that is not Durable, such as a pipe for a status, gets nothing while nobody
// reads it.
void write_file_atomically(const std::filesystem::path& path, const std::string& content, Durable durable = Durable::yes);

// A change of a file: cut it to its first `keep` bytes, then append `text`.
struct Append {
  std::size_t keep = 0;
  std::string text;
};

// Opens or creates the file, calls `plan` with its content (at most max_bytes), appends the returned text with one write and
// syncs. If that fails, the file is cut back to what was kept, and the std::system_error says so.
void append_to_file(const std::filesystem::path& path, std::size_t max_bytes,
                    const std::function<Append(std::string_view)>& plan);

}  // namespace tbft::results
