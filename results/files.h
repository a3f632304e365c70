// Whole files, read and written so that a crash or a full disk leaves either the old content or the new.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace tbft::results {

// Throws std::system_error with the path; std::runtime_error for more than max_bytes.
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Whether what was written must survive the machine; without, readers still see the old content or the new, whole.
enum class Durable { yes, no };

// Any whole text file: temporary name, sync, rename, sync of the folder. Throws std::system_error with the path.
void write_file_atomically(const std::filesystem::path& path, const std::string& content, Durable durable = Durable::yes);

// What to do to a file: cut it to its first `keep` bytes, then append `text`.
struct Append {
  std::size_t keep = 0;
  std::string text;
};

// Opens or creates the file, asks `plan` what to append given its present content (at most max_bytes), appends it with one
// write and syncs. Where that fails the file is cut back to what was kept, and the std::system_error says so.
void append_to_file(const std::filesystem::path& path, std::size_t max_bytes,
                    const std::function<Append(std::string_view)>& plan);

}  // namespace tbft::results
