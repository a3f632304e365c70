// The journal of a run: one JSON object a line, appended and synced, for what cells.csv has no place for: executions, cells
// begun, and which test images each cell got right.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tbft {

struct JournalSummary {
  int executions = 0;                       // times the run was started or resumed
  std::map<std::string, int> begun, ended;  // by cell id
};

class Journal {
 public:
  // Opens for appending; cuts a torn last line. Throws with the path.
  explicit Journal(const std::filesystem::path& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What the file said when it was opened.
  const JournalSummary& before() const { return before_; }

  void execution(const std::string& tool_version, const std::string& trace);
  void cell_begins(const std::string& cell_id);
  void cell_ends(const std::string& cell_id, const std::vector<bool>& correct_by_image);

 private:
  void append(const std::string& line);
  std::filesystem::path path_;
  int fd_ = -1;
  JournalSummary before_;
};

// Bits as hex digits, the first image in the highest bit of the first digit; and back (n bits).
std::string to_hex(const std::vector<bool>& bits);
std::vector<bool> from_hex(const std::string& hex, std::size_t n);

// Now as ISO 8601 in UTC, for the record only; durations come from the steady clock.
std::string utc_now();

}  // namespace tbft
