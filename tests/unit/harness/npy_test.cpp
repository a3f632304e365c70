#include "harness/data/npy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <numeric>

#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft::data {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A file of format 1.0 with this header text, as it stands.
std::string file_of(const std::string& header, const std::string& bytes, char major = 1) {
  std::string file = std::string("\x93NUMPY") + major + '\0' + static_cast<char>(header.size()) + '\0';
  if (major == 2) file += std::string(2, '\0');
  return file + header + bytes;
}

NpyView parse(const std::string& file) {
  return parse_npy({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, "x.npy");
}

std::string error_of(const std::string& file) {
  return message_of<DataError>([&] { parse(file); });
}

TEST(Npy, ReadsItsKeysInAnyOrderAndBothVersions) {
  const auto one = file_of("{'shape': (2, 1), 'fortran_order': False, 'descr': '|u1', }  \n", "ab");
  EXPECT_EQ(parse(one).dtype, "|u1");
  EXPECT_THAT(parse(one).shape, ElementsAre(2, 1));
  EXPECT_THAT(whole_numbers(parse(one)), ElementsAre('a', 'b'));
  const auto two =
      file_of("{\"descr\":\"<i4\",\"fortran_order\":False,\"shape\":(2,)}", std::string("\xff\xff\xff\xff\x02\0\0\0", 8), 2);
  EXPECT_THAT(whole_numbers(parse(two)), ElementsAre(-1, 2));
  const auto wide = file_of("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", std::string("\0\0\0\0\x01\0\0\0", 8));
  EXPECT_THAT(whole_numbers(parse(wide)), ElementsAre(std::int64_t{1} << 32));
}

TEST(Npy, SaysWhatIsWrong) {
  const auto header = [](const std::string& descr, const std::string& order, const std::string& shape) {
    return fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}\n", descr, order, shape);
  };
  EXPECT_EQ(error_of("PK\x03\x04"), "x.npy: it is not a .npy file");
  EXPECT_EQ(error_of("\x93NUMPY\x01"), "x.npy: it ends within its header");
  EXPECT_EQ(error_of(file_of(header("'|u1'", "False", "(2,)"), "ab").substr(0, 40)), "x.npy: it ends within its header");
  EXPECT_EQ(error_of(file_of(header("'|u1'", "False", "(2,)"), "ab", 3)), "x.npy: it has .npy format 3.0; expected 1.0 or 2.0");
  EXPECT_EQ(error_of(file_of(header("'|u1'", "False", "(3, 2)"), "abcde")),
            "x.npy: it holds 5 bytes of data; its shape (3, 2) of '|u1' takes 6");
  EXPECT_THAT(error_of(file_of(header("'|u1'", "False", "(2,)"), "abc")), HasSubstr("3 bytes of data"));
  EXPECT_EQ(error_of(file_of(header("'<f8'", "False", "(1,)"), "12345678")),
            "x.npy: its values are '<f8'; expected '|u1', '<i4' or '<i8'");
  EXPECT_THAT(error_of(file_of(header("'>i4'", "False", "(1,)"), "1234")), HasSubstr("'>i4'"));
  EXPECT_EQ(error_of(file_of(header("'|u1'", "True", "(2,)"), "ab")), "x.npy: it is in Fortran order; expected C order");
  EXPECT_THAT(error_of(file_of(header("'|u1'", "False", "(4611686018427387904, 8)"), "")), HasSubstr("larger than any file"));
  EXPECT_THAT(error_of(file_of("{'descr': '|u1', 'shape': (0,)}", "")), HasSubstr("lacks descr, fortran_order or shape"));
  EXPECT_THAT(error_of(file_of("{'descr': '|u1', 'descr': '|u1'}", "")), HasSubstr("repeated key 'descr'"));
}

TEST(Npy, ExecutesNothingAndRefusesWhatIsNoPlainLiteral) {
  for (const auto* header :
       {"", "{", "{}x", "__import__('os').system('id')", "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1+1,)}", "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1,)}"})
    EXPECT_THROW(parse(file_of(header, "a")), DataError) << header;
}

TEST(Npy, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.npy";
  std::vector<std::uint8_t> bytes(24);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{250});
  NpyWriter writer(path, {4, 2, 3});
  writer.append(std::span(bytes).first(5));
  writer.append(std::span(bytes).subspan(5));
  EXPECT_FALSE(exists(path)) << "under its name before it is whole";
  writer.commit();
  const NpyFile file(path);
  EXPECT_EQ(file.array().dtype, "|u1");
  EXPECT_THAT(file.array().shape, ElementsAre(4, 2, 3));
  EXPECT_TRUE(std::ranges::equal(file.array().bytes, bytes));
  // numpy aligns the data to 64 bytes, so that they can be mapped.
  EXPECT_EQ((file_size(path) - bytes.size()) % 64, 0U);
}

TEST(Npy, LeavesNothingWhereTheWriterStopsAndCountsItsBytes) {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> bytes(3);
  {
    NpyWriter writer(folder.path() / "a.npy", {4});
    writer.append(bytes);
    EXPECT_THROW(writer.commit(), std::logic_error);
    EXPECT_THROW(writer.append(bytes), std::logic_error);
  }
  EXPECT_TRUE(is_empty(folder.path()));
}

TEST(Npy, NamesAFileThatIsNotThere) {
  EXPECT_THAT(message_of<DataError>([] { NpyFile("/no/such.npy"); }),
              AllOf(HasSubstr("/no/such.npy"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace tbft::data
