#include "results/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <limits>
#include <random>
#include <system_error>

#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using tbft::test::write_file;
using test::content;
using test::TemporaryFolder;
using testing::HasSubstr;

// Another value in every column, none of them easy.
CellRow full_row() {
  CellRow row;
  int i = 0;
  for (const Column& column : columns()) {
    ++i;
    if (const auto* text = std::get_if<CellRow::Text CellRow::*>(&column.member)) {
      row.*(*text) =
          std::string(column.name) + ", \"quoted\"\nsecond line\r\n\t" + std::to_string(i) + std::string(1, '\0') + "\xff";
    } else if (const auto* number = std::get_if<CellRow::Number CellRow::*>(&column.member)) {
      row.*(*number) = 1.0 / (3 + i) * std::pow(10.0, 7 * (i - 34));
    } else {
      row.*std::get<CellRow::Count CellRow::*>(column.member) = std::numeric_limits<std::int64_t>::max() - i;
    }
  }
  row.schema = schema_version;
  row.seed = std::numeric_limits<std::int64_t>::min();
  row.net_J = -1.0 / 3;
  row.status = "invalid";
  row.train_size = row.coverage_pct = 1.0 / 3;
  row.measured = row.throttled = 1;
  row.n_test = 3;
  row.correct = 1;
  row.accuracy_pct = 100.0 / 3;
  return row;
}

void expect_equal(const CellRow& a, const CellRow& b) {
  for (const Column& column : columns()) {
    std::visit([&](auto member) { EXPECT_EQ(a.*member, b.*member) << column.name; }, column.member);
  }
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(Csv, EveryColumnComesBackAsItWas) {
  const TemporaryFolder folder;
  append_cell(folder / "cells.csv", full_row());
  append_cell(folder / "cells.csv", CellRow());
  const CellsFile file = read_cells(folder / "cells.csv");
  ASSERT_EQ(file.rows.size(), 2U);
  EXPECT_FALSE(file.torn_tail);
  expect_equal(file.rows[0], full_row());
  expect_equal(file.rows[1], CellRow());
}

// Others read these files by name and by position: a change here is a new schema.
TEST(Csv, HeaderIsConstant) {
  EXPECT_EQ(
      header_line(),
      "schema,run_id,cell_id,started_utc,host,board,experiment,protocol,dataset,drift,condition,train_size,strategy,blocks,"
      "repetition,seed,status,reason,accuracy_pct,val_loss,epochs,steps,samples_seen,trainable_params,macs_train,duration_s,"
      "train_s,gross_J,U_gross_J,U_random_gross_J,idle_W,net_J,U_net_J,U_random_net_J,train_gross_J,train_net_J,"
      "U_train_net_J,U_random_train_net_J,u_rel_gain,mean_W,max_W,meter,meter_scope,measured,samples,distinct_hz,"
      "longest_gap_s,coverage_pct,sampler_cpu_s,peak_rss_MiB,saved_act_MiB,threads,backend,layout,bn_mode,lr,n_test,correct,"
      "order_index,cpu_governor,temp_start_C,temp_end_C,throttled,tool_version,config_hash,idle_drift_W,other_cpu_pct,"
      "network,point,batch,cpu_min_kHz,cpu_mean_kHz,test_net_J,U_test_net_J,infer_J_per_image,edp_Js");
}

TEST(PeerErrors, E16ColumnsNeverShiftWhateverIsKnown) {
  const auto commas = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  CellRow row;
  for (const Column& column : columns()) {
    EXPECT_EQ(commas(to_line(row)), static_cast<std::ptrdiff_t>(columns().size()) - 1) << "before " << column.name;
    std::visit([&](auto member) { row.*member = {}; }, column.member);
    if (const auto* text = std::get_if<CellRow::Text CellRow::*>(&column.member)) row.*(*text) = "text";
    if (const auto* number = std::get_if<CellRow::Number CellRow::*>(&column.member)) row.*(*number) = 0.5;
    if (const auto* count = std::get_if<CellRow::Count CellRow::*>(&column.member)) row.*(*count) = 7;
  }
  EXPECT_EQ(commas(to_line(row)), static_cast<std::ptrdiff_t>(columns().size()) - 1);
}

TEST(Csv, UnknownIsEmptyAndNeverZeroOrNan) {
  CellRow row;
  row.schema.reset();
  row.gross_J = std::numeric_limits<double>::quiet_NaN();
  row.net_J = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_line(row), std::string(columns().size() - 1, ','));
}

TEST(Csv, ColumnsAreFoundByName) {
  const TemporaryFolder folder;
  std::string header = "extra";
  std::string line = "\"a,b\"";
  for (std::size_t i = columns().size(); i-- > 0;) {
    header.append(",").append(columns()[i].name);
    line.append(",").append(columns()[i].name == "accuracy_pct" ? "71.25" : "");
  }
  write_file(folder / "cells.csv", header + "\r\n" + line + "\r\n");
  const CellsFile file = read_cells(folder / "cells.csv");
  ASSERT_EQ(file.rows.size(), 1U);
  EXPECT_EQ(file.rows[0].accuracy_pct, 71.25);
  EXPECT_EQ(file.rows[0].cell_id, "");
}

TEST(Csv, FilesOfEarlierVersionsLackLaterColumns) {
  const TemporaryFolder folder;
  CellRow row;
  row.cell_id = "a";
  row.idle_drift_W = 0.5;
  row.other_cpu_pct = 12;
  row.network = "ResNet-26";
  row.edp_Js = 7;
  std::string header = header_line(), line = to_line(row);
  constexpr int later_columns = 10;
  for (int i = 0; i < later_columns; ++i) {
    header.resize(header.rfind(','));
    line.resize(line.rfind(','));
  }
  write_file(folder / "cells.csv", header + "\n" + line + "\n");
  const CellsFile file = read_cells(folder / "cells.csv");
  ASSERT_EQ(file.rows.size(), 1U);
  EXPECT_EQ(file.rows[0].idle_drift_W, 0.5);
  EXPECT_EQ(file.rows[0].other_cpu_pct, std::nullopt);
  EXPECT_EQ(file.rows[0].network, "");
  EXPECT_EQ(file.rows[0].edp_Js, std::nullopt);
  EXPECT_TRUE(file.other_columns);
}

TEST(Csv, RowsWithoutANetworkTakeThatOfTheirRun) {
  std::vector<CellRow> rows(6);
  rows[0].run_id = rows[1].run_id = "resumed";
  rows[1].network = "ResNet-26";
  rows[2].run_id = "old";
  rows[3].run_id = rows[4].run_id = rows[5].run_id = "of several networks";
  rows[3].network = "ResNet-26";
  rows[4].network = "ResNet-8";
  complete_networks(rows);
  EXPECT_EQ(rows[0].network, "ResNet-26");
  EXPECT_EQ(rows[2].network, "");
  EXPECT_EQ(rows[5].network, "");
}

TEST(Csv, ErrorsSayFileLineAndColumn) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  const auto read = [&](const std::string& text) {
    write_file(path, text);
    return error_of([&] { read_cells(path); });
  };
  const std::string header = header_line() + "\n";
  std::string line = to_line(CellRow());
  EXPECT_THAT(read(header + line + "\n" + "1,2,3\n"), HasSubstr("cells.csv:3: 3 fields, the header has 76"));
  EXPECT_THAT(read("schema,run_id\n"), HasSubstr("cells.csv:1: column cell_id is missing"));
  EXPECT_THAT(read("schema," + header), HasSubstr("column schema is there more than once"));
  EXPECT_THAT(read(header + "x" + line + "\n"), HasSubstr("cells.csv:2: column schema: 'x1' is not a 64-bit integer"));
  EXPECT_THAT(read(header + "2" + line.substr(1) + "\n"), HasSubstr("cells.csv:2: schema 2, this program reads up to 1"));
  EXPECT_THAT(read(header + "a\"b\n"), HasSubstr("cells.csv:2: a quote inside a field"));
  EXPECT_THAT(read(header + "\"a\"b\n"), HasSubstr("cells.csv:2: text after a closing quote"));
  EXPECT_THAT(read(header + std::string(2000, ',') + "\n"), HasSubstr("cells.csv:2: more than 1000 fields"));
  EXPECT_THAT(read("no table at all"), HasSubstr("the header is not ours"));
  for (const std::string bad : {"nan", "inf", "1e999", "1,5", "0x10", "12 "}) {
    CellRow row;
    row.reason = "HERE";
    std::string text = to_line(row);
    const std::size_t at = text.find("HERE");
    text = text.substr(0, at) + "," + (bad == "1,5" ? "\"1,5\"" : bad) + text.substr(at + 5);
    EXPECT_THAT(read(header + text + "\n"), HasSubstr("column accuracy_pct: '" + bad + "' is not a finite number"));
  }
  EXPECT_THAT(error_of([&] { read_cells(folder / "none.csv"); }), HasSubstr("none.csv: No such file"));
  EXPECT_THAT(error_of([&] { read_cells("/dev/zero"); }), HasSubstr("/dev/zero: more than 256 MiB"));
}

TEST(Csv, WhatNoCellCanHaveIsRefusedWithLineAndColumn) {
  const auto error = [](const std::function<void(CellRow&)>& change) {
    CellRow row = test::row("fc", 0, 75, 20);
    row.gross_J = 30;
    row.n_test = 400;
    row.correct = 300;
    change(row);
    const std::string text = header_line() + "\n" + to_line(CellRow()) + "\n" + to_line(row) + "\n";
    return error_of([&] { parse_cells(text, "cells.csv"); });
  };
  EXPECT_EQ(error([](CellRow&) {}), "no error");
  EXPECT_EQ(error([](CellRow& row) { row.accuracy_pct = 200; }),
            "cells.csv:3: column accuracy_pct: 200 is not within 0 to 100");
  EXPECT_THAT(error([](CellRow& row) { row.accuracy_pct = -1; }), HasSubstr("column accuracy_pct: -1 is not within 0 to 100"));
  EXPECT_THAT(error([](CellRow& row) { row.accuracy_pct = 57; }), HasSubstr("column accuracy_pct: 57, but 300 of 400"));
  EXPECT_EQ(error([](CellRow& row) { row.accuracy_pct = 75.04; }), "no error") << "rounded";
  EXPECT_THAT(error([](CellRow& row) { row.correct = 401; }), HasSubstr("column correct: 401 of 400 test images"));
  EXPECT_THAT(error([](CellRow& row) { row.status = "OK"; }), HasSubstr("column status: 'OK' is none of"));
  EXPECT_THAT(error([](CellRow& row) { row.measured = 2; }), HasSubstr("column measured: 2 is not"));
  EXPECT_THAT(error([](CellRow& row) { row.train_size = 70; }), HasSubstr("column train_size: 70 is not"));
  EXPECT_THAT(error([](CellRow& row) { row.train_s = -0.5; }), HasSubstr("column train_s: -0.5 is below 0"));
  EXPECT_THAT(error([](CellRow& row) { row.gross_J.reset(); }), HasSubstr("cells.csv:3: column gross_J: empty"));
  // Under --jobs no meter is opened; an invalid energy keeps its accuracy; idle power may be higher than a cell's.
  EXPECT_EQ(error([](CellRow& row) {
              row.gross_J.reset();
              row.meter.clear();
              row.measured.reset();
            }),
            "no error");
  EXPECT_EQ(error([](CellRow& row) {
              row.gross_J.reset();
              row.status = "invalid";
            }),
            "no error");
  EXPECT_EQ(error([](CellRow& row) { row.net_J = -0.01; }), "no error");
}

TEST(Csv, WhatASpreadsheetMadeOfTheFileIsNamed) {
  const auto error = [](const std::string& text) { return error_of([&] { parse_cells(text, "cells.csv"); }); };
  const std::string text = header_line() + "\n" + to_line(test::row("fc", 0, 75, 20)) + "\n";
  const auto with = [&](char separator) {
    std::string changed = text;
    std::ranges::replace(changed, ',', separator);
    return changed;
  };
  EXPECT_THAT(error("\xEF\xBB\xBF" + text), HasSubstr("cells.csv:1: the file begins with a byte order mark"));
  EXPECT_THAT(error(with(';')), HasSubstr("cells.csv:1: semicolons stand between the fields"));
  EXPECT_THAT(error(with('\t')), HasSubstr("cells.csv:1: tabs stand between the fields"));
  EXPECT_THAT(error(std::string("\xFF\xFE") + text), HasSubstr("cells.csv:1: the file is UTF-16"));
}

TEST(Csv, ATornRowIsLeftOutWhereverItWasCut) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  append_cell(path, full_row());
  const std::size_t whole = content(path).size();
  append_cell(path, full_row());
  const std::string all = content(path);
  for (std::size_t size = whole + 1; size < all.size(); ++size) {
    const CellsFile file = parse_cells(std::string_view(all).substr(0, size), "cells.csv");
    ASSERT_EQ(file.rows.size(), 1U) << "cut at " << size;
    ASSERT_TRUE(file.torn_tail) << "cut at " << size;
  }
}

TEST(Csv, AppendCutsATornRow) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  append_cell(path, full_row());
  const std::string one = content(path);
  append_cell(path, full_row());
  const std::string two = content(path);
  write_file(path, one + "1,run,\"torn\nin a quote");
  append_cell(path, full_row());
  EXPECT_EQ(content(path), two);
}

TEST(Csv, AppendMendsATornHeaderAndAnEmptyFile) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  for (const std::string& begin : {std::string(), header_line().substr(0, 20), header_line()}) {
    write_file(path, begin);
    const CellsFile before = read_cells(path);
    EXPECT_TRUE(before.rows.empty());
    EXPECT_EQ(before.torn_tail, !begin.empty());
    append_cell(path, CellRow());
    EXPECT_EQ(content(path), header_line() + "\n" + to_line(CellRow()) + "\n");
  }
}

TEST(Csv, AppendRefusesAnotherHeaderAndLeavesTheFileAlone) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  for (const std::string& text :
       {std::string("schema,old\n1,2\n"), header_line() + ",more\n", std::string("my notes, no line end")}) {
    write_file(path, text);
    EXPECT_THROW(append_cell(path, CellRow()), CsvError);
    EXPECT_EQ(content(path), text);
  }
  EXPECT_THAT(error_of([&] {
                write_file(path, "schema,old\n");
                append_cell(path, CellRow());
              }),
              HasSubstr("cells.csv:1: the columns are not those of this program's schema"));
}

TEST(Csv, AQuoteThatHidesWholeRowsIsNoTornTail) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  const std::string text = header_line() + "\n\"" + to_line(CellRow()) + "\n" + to_line(CellRow()) + "\n";
  write_file(path, text);
  EXPECT_THAT(error_of([&] { read_cells(path); }), HasSubstr("cells.csv:2: a quote that is never closed"));
  EXPECT_THAT(error_of([&] { append_cell(path, CellRow()); }), HasSubstr("a quote that is never closed"));
  EXPECT_EQ(content(path), text);
}

TEST(Csv, AFileWithCarriageReturnsIsAppendedToInItsOwnWay) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  const std::string before = header_line() + "\r\n" + to_line(full_row()) + "\r\n";
  write_file(path, before + "1,torn");
  append_cell(path, full_row());
  EXPECT_EQ(content(path), before + to_line(full_row()) + "\r\n");
  EXPECT_EQ(read_cells(path).rows.size(), 2U);
  write_file(path, header_line() + "\r\n");
  append_cell(path, full_row());
  EXPECT_EQ(read_cells(path).rows.size(), 1U);
}

// Limits the size of files while it lives, as a full disk would.
class SizeLimit {
 public:
  explicit SizeLimit(std::size_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;
  ~SizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    (void)std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int) = nullptr;
};

TEST(Csv, AShortWriteCutsTheFileBackToWhatItWas) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  append_cell(path, full_row());
  const std::string before = content(path);
  std::string message;
  {
    const SizeLimit limit(before.size() + 100);
    message = error_of([&] { append_cell(path, full_row()); });
  }
  EXPECT_THAT(message, HasSubstr("cells.csv: 100 of "));
  EXPECT_THAT(message, HasSubstr("cut back"));
  EXPECT_THAT(message, HasSubstr("No space left on device"));
  EXPECT_EQ(content(path), before);
  append_cell(path, full_row());
  EXPECT_EQ(read_cells(path).rows.size(), 2U);
}

TEST(Csv, AFullDiskSaysSo) {
  EXPECT_THAT(error_of([] { append_cell("/dev/full", CellRow()); }), HasSubstr("/dev/full: 0 of "));
  EXPECT_THAT(error_of([] { append_cell("/dev/full", CellRow()); }), HasSubstr("No space left on device"));
}

TEST(Csv, ReplaceKeepsTheOldFileWhereItFails) {
  const TemporaryFolder folder;
  const auto path = folder / "cells.csv";
  append_cell(path, full_row());
  const std::string before = content(path);
  {
    const SizeLimit limit(100);
    EXPECT_THROW(replace_cells(path, {full_row(), full_row()}), std::system_error);
  }
  EXPECT_EQ(content(path), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "a temporary file was left";
  replace_cells(path, {CellRow(), full_row()});
  EXPECT_EQ(content(path), header_line() + "\n" + to_line(CellRow()) + "\n" + to_line(full_row()) + "\n");
}

TEST(Csv, AnyBytesAreReadOrRefused) {
  std::mt19937 random(1);
  const std::string good = header_line() + "\n" + to_line(full_row()) + "\n" + to_line(CellRow()) + "\n";
  constexpr std::array<char, 8> nasty{'"', ',', '\n', '\r', '\0', '\xff', '9', '-'};
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = good;
    for (int change = 0; change < 3; ++change) text[random() % text.size()] = nasty[random() % nasty.size()];
    try {
      parse_cells(text, "cells.csv");
    } catch (const CsvError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace tbft::results
