#include "results/operations_csv.h"

#include <array>

#include "results/files.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_bytes = std::size_t{4} << 20;

const std::array table{
    CsvColumn<OperationRow>{"pixels", &OperationRow::pixels},
    CsvColumn<OperationRow>{"classes", &OperationRow::classes},
    CsvColumn<OperationRow>{"variant", &OperationRow::variant},
    CsvColumn<OperationRow>{"strategy", &OperationRow::strategy},
    CsvColumn<OperationRow>{"operation", &OperationRow::operation},
    CsvColumn<OperationRow>{"seconds", &OperationRow::seconds},
    CsvColumn<OperationRow>{"share_pct", &OperationRow::share_pct},
};

}  // namespace

std::span<const CsvColumn<OperationRow>> operation_columns() {
  return table;
}

std::vector<OperationRow> read_operations(const std::filesystem::path& path) {
  const std::string content = read_file(path, max_bytes);
  CsvReader reader(content, path.string());
  const auto header = reader.next();
  if (!header) reader.fail("no header: this is not an operations.csv");
  const CsvRows<OperationRow> rows(operation_columns(), *header, reader);
  std::vector<OperationRow> result;
  while (const auto fields = reader.next()) result.push_back(rows.parse(*fields, reader));
  if (!reader.tail().empty()) reader.fail("the last line has no end, so the file is not whole; copy it again");
  return result;
}

void write_operations(const std::filesystem::path& path, std::span<const OperationRow> rows) {
  std::string content = csv_header(operation_columns()) + '\n';
  for (const OperationRow& row : rows) content += csv_line(operation_columns(), row) + '\n';
  write_file_atomically(path, content);
}

}  // namespace tbft::results
