#include "harness/experiment/journal.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tbft {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw std::system_error(errno, std::generic_category(), fmt::format("{}: {}", path.string(), what));
}

std::streamoff read_file(const std::filesystem::path& path, JournalSummary& summary) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, "cannot read the journal");
  const auto good = read_journal(file, path.string(), summary);
  if (file.bad()) fail(path, "cannot read the journal");  // otherwise unread lines would be cut off
  return good;
}

}  // namespace

std::streamoff read_journal(std::istream& in, const std::string& name, JournalSummary& summary) {
  std::streamoff good = 0;
  std::size_t number = 1;
  for (std::string line; std::getline(in, line) && !in.eof(); good = in.tellg(), ++number) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object())
      throw std::runtime_error(
          fmt::format("{0}:{1}: damaged, not a journal line; delete it (sed -i {1}d {0}). This loses no row, only which test "
                      "images its cell classified correctly, or a search, which is then repeated",
                      name, number));
    const auto event = object.value("event", nlohmann::json());
    const auto cell = object.value("cell_id", nlohmann::json());
    if (event == "execution") ++summary.executions;
    if (event == "cell_begins" && cell.is_string()) ++summary.begun[cell.get<std::string>()];
    if (const auto key = object.value("name", nlohmann::json()); event == "found" && key.is_string())
      summary.found[key.get<std::string>()] = object.value("value", nlohmann::json()).dump();
    if (event == "cell_ends" && cell.is_string()) ++summary.ended[cell.get<std::string>()];
  }
  return good;
}

Journal::Journal(const std::filesystem::path& path) : path_(path) {
  good_ = std::filesystem::exists(path) ? read_file(path, before_) : 0;
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(path, "cannot open the journal");
  if (ftruncate(fd_, good_) != 0) {
    const int error = errno;
    close(fd_);
    errno = error;
    fail(path, "cannot cut off the incomplete last line");
  }
}

Journal::~Journal() {
  close(fd_);
}

void Journal::append(const std::string& line) {
  // Without this, the new line would be appended to the remains of a failed write.
  if (torn_ && ftruncate(fd_, good_) != 0) fail(path_, "cannot cut off the incomplete last line");
  torn_ = false;
  const auto written = write(fd_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    // A short write sets no errno; it is usually the first sign of a full disk.
    const int error = written < 0 ? errno : ENOSPC;
    torn_ = ftruncate(fd_, good_) != 0;
    errno = error;
    fail(path_, "cannot append to the journal");
  }
  good_ += written;
  if (fdatasync(fd_) != 0) fail(path_, "cannot sync the journal");
}

void Journal::execution(const std::string& tool_version, const std::string& trace) {
  append(nlohmann::json{{"event", "execution"}, {"utc", utc_now()}, {"tool_version", tool_version}, {"trace", trace}}.dump() +
         "\n");
}
void Journal::cell_begins(const std::string& cell_id) {
  append(nlohmann::json{{"event", "cell_begins"}, {"utc", utc_now()}, {"cell_id", cell_id}}.dump() + "\n");
}
void Journal::found(const std::string& name, const std::string& json) {
  append(nlohmann::json{{"event", "found"}, {"utc", utc_now()}, {"name", name}, {"value", nlohmann::json::parse(json)}}.dump() +
         "\n");
}
void Journal::cell_ends(const std::string& cell_id, const std::vector<bool>& correct_by_image,
                        const std::string& diagnosis_json) {
  nlohmann::json line{{"event", "cell_ends"},
                      {"utc", utc_now()},
                      {"cell_id", cell_id},
                      {"n_test", correct_by_image.size()},
                      {"correct_hex", to_hex(correct_by_image)}};
  if (!diagnosis_json.empty()) {
    auto diagnosis = nlohmann::json::parse(diagnosis_json, nullptr, false);
    if (!diagnosis.is_object())
      throw std::invalid_argument(fmt::format("cell {}: a diagnosis is a JSON object, not '{}'", cell_id, diagnosis_json));
    line["diagnosis"] = std::move(diagnosis);
  }
  append(line.dump() + "\n");
}

std::string to_hex(const std::vector<bool>& bits) {
  std::string hex;
  for (std::size_t i = 0; i < bits.size(); i += 4) {
    unsigned digit = 0;
    for (std::size_t b = 0; b < 4; ++b) digit = digit * 2 + (i + b < bits.size() && bits[i + b] ? 1U : 0U);
    hex += "0123456789abcdef"[digit];
  }
  return hex;
}

std::string utc_now() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto ms = now.time_since_epoch().count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
}

}  // namespace tbft
