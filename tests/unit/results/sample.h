// Rows for the tests of results/.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "results/schema.h"

namespace tbft::results::test {

// A cell of the synthetic set under input drift, 10 % of the data, measured on one board meter.
inline CellRow row(const std::string& strategy, std::int64_t repetition, double accuracy_pct, double train_net_J) {
  CellRow row;
  row.cell_id = strategy + std::to_string(repetition);
  row.dataset = "synthetic";
  row.drift = "input";
  row.train_size = 0.1;
  row.strategy = strategy;
  row.repetition = repetition;
  row.status = "ok";
  row.accuracy_pct = accuracy_pct;
  row.train_net_J = train_net_J;
  row.train_gross_J = 2 * train_net_J;
  row.meter = "ina219:///dev/i2c-1";
  row.meter_scope = "board";
  row.measured = 1;
  return row;
}

inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tbft-results-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tbft::results::test
