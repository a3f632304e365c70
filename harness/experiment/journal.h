// The journal of a run: one JSON object a line, appended and synced, for what cells.csv has no place for: executions, cells
// begun, which test images each cell got right, and which drift its strategy diagnosed.
#pragma once

#include <filesystem>
#include <istream>
#include <map>
#include <string>
#include <vector>

namespace tbft {

struct JournalSummary {
  int executions = 0;                        // times the run was started or resumed
  std::map<std::string, int> begun, ended;   // by cell id
  std::map<std::string, std::string> found;  // what was searched, by name: JSON text
};

// Reads whole lines into `summary`; returns the offset behind the last one. Throws std::runtime_error with `name`,
// the line and a remedy at a line that is none of a journal.
std::streamoff read_journal(std::istream& in, const std::string& name, JournalSummary& summary);

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
  // The outcome of a search, so that a resumed run need not repeat it, or what the run found out of its meter (meter.note).
  // `json` is one JSON value.
  void found(const std::string& name, const std::string& json);
  // `diagnosis_json`: what a strategy that diagnoses the drift named, one JSON object with its "level"; empty for all others.
  // Throws std::invalid_argument for any other text.
  void cell_ends(const std::string& cell_id, const std::vector<bool>& correct_by_image, const std::string& diagnosis_json = {});

 private:
  void append(const std::string& line);
  std::filesystem::path path_;
  int fd_ = -1;
  std::streamoff good_ = 0;  // where the last whole line ends
  bool torn_ = false;        // a line that could neither be written whole nor be cut stands behind it
  JournalSummary before_;
};

// Bits as hex digits, the first image in the highest bit of the first digit. results/correctness reads them.
std::string to_hex(const std::vector<bool>& bits);

// Now as ISO 8601 in UTC, for the record only; durations come from the steady clock.
std::string utc_now();

}  // namespace tbft
