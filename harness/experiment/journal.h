// The journal of a run: one JSON object per line, appended and synced. It records what cells.csv has no column for: executions,
// cells that were begun, which test images each cell classified correctly, and the drift that a strategy diagnosed.
#pragma once

#include <filesystem>
#include <istream>
#include <map>
#include <string>
#include <vector>

namespace tbft {

// The name under which a note about the meter stands among the outcomes of searches.
inline constexpr const char* meter_note = "meter.note";

struct JournalSummary {
  int executions = 0;                        // number of times the run was started or resumed
  std::map<std::string, int> begun, ended;   // counts by cell id
  std::map<std::string, std::string> found;  // results of searches, by name, as JSON text
};

// Reads complete lines into `summary`; returns the offset after the last one. Throws std::runtime_error with `name`, the line
// and a remedy for a line that is not from a journal.
std::streamoff read_journal(std::istream& in, const std::string& name, JournalSummary& summary);

class Journal {
 public:
  // Opens for appending and cuts off an incomplete last line. Throws std::system_error with the path.
  explicit Journal(const std::filesystem::path& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // The content of the file when it was opened.
  const JournalSummary& before() const { return before_; }

  void execution(const std::string& tool_version, const std::string& trace);
  void cell_begins(const std::string& cell_id);
  // Records the outcome of a search, so that a resumed run need not repeat it, or a note about the meter. `json` is one JSON
  // value.
  void found(const std::string& name, const std::string& json);
  // `diagnosis_json`: the diagnosis of a strategy that makes one, a JSON object with "level"; empty for other strategies.
  // Throws std::invalid_argument for any other text.
  void cell_ends(const std::string& cell_id, const std::vector<bool>& correct_by_image, const std::string& diagnosis_json = {});

 private:
  void append(const std::string& line);
  std::filesystem::path path_;
  int fd_ = -1;
  std::streamoff good_ = 0;  // the end of the last complete line
  bool torn_ = false;        // an incomplete line that could not be cut off follows it
  JournalSummary before_;
};

// Converts bits to hex digits, the first image in the highest bit of the first digit. results/correctness reads them.
std::string to_hex(const std::vector<bool>& bits);

// The current time as ISO 8601 in UTC, for records only; durations come from the steady clock.
std::string utc_now();

}  // namespace tbft
