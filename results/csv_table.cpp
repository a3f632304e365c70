#include "results/csv_table.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace tbft::results {

namespace {

constexpr std::size_t max_fields = 1000;

template <typename T>
std::string shortest(T value) {
  std::array<char, 32> buffer{};  // the longest double, -2.2250738585072014e-308, takes 24
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end};
}

template <typename T>
bool parse(const std::string& field, T& value) {
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

std::string text_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string result = "\"";
  for (const char c : field) {
    if (c == '"') result += '"';
    result += c;
  }
  return result += '"';
}

std::string number_field(double value) {
  return std::isfinite(value) ? shortest(value) : std::string();
}

std::string number_field(std::int64_t value) {
  return shortest(value);
}

CsvReader::CsvReader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

void CsvReader::fail(const std::string& what) const {
  throw CsvError(fmt::format("{}:{}: {}", name_, line_, what));
}

std::optional<std::vector<std::string>> CsvReader::next() {
  // Within a field: nothing read yet, without quotes, in quotes, after the closing quote.
  enum class State { start, plain, inside, closed };
  State state = State::start;
  std::vector<std::string> fields;
  std::string field;
  line_ = next_line_;
  std::size_t lines = 0;
  for (std::size_t i = offset_; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '\n') ++lines;
    if (state == State::inside) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text_.size() && text_[i + 1] == '"') {
        field += text_[++i];
      } else {
        state = State::closed;
      }
      continue;
    }
    const bool ends_record = c == '\n' || (c == '\r' && i + 1 < text_.size() && text_[i + 1] == '\n');
    if (c == ',' || ends_record) {
      if (fields.size() == max_fields) fail(fmt::format("more than {} fields", max_fields));
      fields.push_back(std::exchange(field, {}));
      state = State::start;
      if (!ends_record) continue;
      if (c == '\r') {
        ++i;
        ++lines;
      }
      offset_ = i + 1;
      next_line_ += lines;
      return fields;
    }
    if (state == State::closed) fail("text after a closing quote");
    if (c == '"') {
      if (state == State::plain) fail("a quote inside a field that does not begin with one");
      state = State::inside;
    } else {
      // Takes all characters at once that only continue the field.
      const std::size_t end = std::min(text_.find_first_of(",\"\r\n", i + 1), text_.size());
      field.append(text_, i, end - i);
      i = end - 1;
      state = State::plain;
    }
  }
  return std::nullopt;
}

std::string dialect_error(const std::vector<std::string>& header) {
  if (header.empty()) return "";
  const std::string& first = header.front();
  if (first.starts_with("\xEF\xBB\xBF"))
    return "the file begins with a byte order mark (EF BB BF), as spreadsheets write it; save it as UTF-8 without one";
  if (first.starts_with("\xFF\xFE") || first.starts_with("\xFE\xFF"))
    return "the file is UTF-16, as spreadsheets write it; save it as UTF-8";
  for (const auto& [separator, name] : {std::pair{';', "semicolons"}, std::pair{'\t', "tabs"}}) {
    if (header.size() == 1 && first.find(separator) != std::string::npos)
      return fmt::format(
          "{} stand between the fields, as a spreadsheet writes them; save it with commas, and with decimal points", name);
  }
  return "";
}

void read_field(const std::string& field, std::string& value) {
  value = field;
}

void read_field(const std::string& field, std::optional<double>& value) {
  if (field.empty()) return value.reset();
  double number = 0;
  if (!parse(field, number) || !std::isfinite(number)) throw std::invalid_argument("a finite number");
  value = number;
}

void read_field(const std::string& field, std::optional<std::int64_t>& value) {
  if (field.empty()) return value.reset();
  std::int64_t number = 0;
  if (!parse(field, number)) throw std::invalid_argument("a 64-bit integer");
  value = number;
}

}  // namespace tbft::results
