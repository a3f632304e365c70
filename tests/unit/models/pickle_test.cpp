#include "models/checkpoint/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

using namespace testing;  // the helpers of files.h
using ::testing::HasSubstr;

pickle::Document parse(std::string_view bytes) {
  return pickle::parse(std::as_bytes(std::span(bytes)), "x.pth: data.pkl");
}

std::string refusal(std::string_view bytes) {
  try {
    parse(bytes);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

const std::string proto = "\x80\x02";

TEST(Pickle, ReadsEveryNumberAsPythonWroteIt) {
  const TemporaryFolder scratch;
  run_python(
      {"-c",
       "import pickle, sys; pickle.dump([0, 255, 256, 65535, 65536, -1, -2**31, 2**31, -2**63, 2**63 - 1, 1.5, True, None], "
       "open(sys.argv[1], 'wb'), 2)",
       scratch / "x.pkl"});
  const pickle::Document document = parse(content(scratch / "x.pkl"));
  const auto& items = std::get<pickle::List>(document.at(document.root)).items;
  const std::vector<std::int64_t> wanted{0, 255, 256, 65535, 65536, -1, -2147483648LL, 2147483648LL, INT64_MIN, INT64_MAX};
  ASSERT_EQ(items.size(), wanted.size() + 3);
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(std::get<std::int64_t>(document.at(items[i])), wanted[i]);
  EXPECT_EQ(std::get<double>(document.at(items[10])), 1.5);
  EXPECT_EQ(std::get<bool>(document.at(items[11])), true);
  EXPECT_TRUE(std::holds_alternative<pickle::None>(document.at(items[12])));
}

TEST(Pickle, RefusesAGlobalByName) {
  EXPECT_EQ(refusal(proto + global("os", "system") + text("id") + "\x85R."),
            "x.pth: data.pkl names os.system; only tensors are read");
  EXPECT_THAT(refusal(proto + global("torch.nn.modules.conv", "Conv2d") + "."), HasSubstr("torch.nn.modules.conv.Conv2d"));
  EXPECT_THAT(refusal(proto + global("builtins", "eval") + "."), HasSubstr("builtins.eval"));
}

TEST(Pickle, AForgedNameCannotWriteControlCharactersIntoTheError) {
  EXPECT_THAT(refusal(proto + global("os", "\x1b[2Jsystem") + "."), HasSubstr(R"(os.\x1b[2Jsystem)"));
  EXPECT_LT(refusal(proto + global("os", std::string(100'000, 'x')) + ".").size(), 300U);
}

TEST(Pickle, RefusesOpcodesThatTensorsDoNotNeed) {
  EXPECT_THAT(refusal(proto + "(ios\nsystem\n."), HasSubstr("opcode 0x69 (INST)"));
  EXPECT_THAT(refusal(proto + "\x93."), HasSubstr("opcode 0x93 (STACK_GLOBAL)"));
  EXPECT_THAT(refusal(proto + "\xff."), HasSubstr("opcode 0xff; "));
  EXPECT_THAT(refusal("\x80\x04."), HasSubstr("pickle protocol 4"));
}

TEST(Pickle, EveryTruncationIsAnError) {
  const std::string whole = dict_pickle({{text("w"), tensor("0", 4, 0, {2, 2}, {2, 1})}});
  EXPECT_EQ(refusal(whole), "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal(whole.substr(0, size)), "accepted") << size;
}

TEST(Pickle, EveryChangedByteEndsInAValueOrAnError) {
  const std::string whole = dict_pickle({{text("w"), tensor("0", 4, 0, {2, 2}, {2, 1})}});
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[at] = static_cast<char>(value);
      refused += refusal(changed) != "accepted";
    }
  }
  EXPECT_GT(refused, 10'000);
}

TEST(Pickle, AContainerThatHoldsItselfIsHarmless) {
  // d = {}; d["self"] = d, and a list in a list in a list, 100,000 deep.
  EXPECT_EQ(refusal(proto + "}q\x01" + text("self") + "h\x01s."), "accepted");
  std::string deep = proto;
  for (int i = 0; i < 100'000; ++i) deep += "]";
  for (int i = 1; i < 100'000; ++i) deep += "a";
  EXPECT_EQ(refusal(deep + "."), "accepted");
}

TEST(Pickle, StackMemoAndValuesAreBounded) {
  EXPECT_THAT(refusal(proto + "."), HasSubstr("the stack is empty"));
  EXPECT_THAT(refusal(proto + "N\x85\x86."), HasSubstr("the stack is empty"));
  EXPECT_THAT(refusal(proto + "t."), HasSubstr("no mark"));
  EXPECT_THAT(refusal(proto + "N(\x85t."), HasSubstr("the stack is empty"));  // nothing above the mark
  EXPECT_THAT(refusal(proto + "h\x07."), HasSubstr("memo 7 was never written"));
  EXPECT_THAT(refusal(proto + "NN."), HasSubstr("left on the stack"));
  EXPECT_THAT(refusal(proto + std::string(2'000, '(')), HasSubstr("open marks"));
  EXPECT_THAT(refusal(proto + std::string(pickle::max_values + 1, 'N')), HasSubstr("more than"));
  std::string copies = proto + "Nq" + std::string(1, '\0');
  for (std::size_t i = 0; i <= pickle::max_values; ++i) copies += std::string("h\0", 2);
  EXPECT_THAT(refusal(copies), HasSubstr("on the stack"));
  EXPECT_THAT(refusal(std::string(pickle::max_bytes + 1, 'N')), HasSubstr("at most"));
  EXPECT_EQ(refusal(proto + "Nr\xff\xff\xff\xff."), "accepted");  // a far memo costs nothing
}

TEST(Pickle, SizesBeyondThePickleAreNotAllocated) {
  EXPECT_THAT(refusal(proto + "X\xff\xff\xff\xff" + "a."), HasSubstr("ends inside"));
  EXPECT_THAT(refusal(proto + "\x8a\xff" + std::string(255, '\x01') + "."), HasSubstr("an integer of 255 bytes"));
}

TEST(Pickle, ATensorsArgumentsAreChecked) {
  const auto named = [](const std::string& value) { return dict_pickle({{text("w"), value}}); };
  EXPECT_THAT(refusal(named(tensor("0", 4, 0, {-2, 2}, {2, 1}))), HasSubstr("negative entry -2"));
  EXPECT_THAT(refusal(named(tensor("0", 4, 0, {2, 2}, {2, -1}))), HasSubstr("negative entry -1"));
  EXPECT_THAT(refusal(named(tensor("0", 4, -1, {2}, {1}))), HasSubstr("offset is -1"));
  EXPECT_THAT(refusal(named(tensor("0", -4, 0, {2}, {1}))), HasSubstr("-4 elements"));
  EXPECT_THAT(refusal(named(tensor("0", 4, 0, {2, 2}, {1}))), HasSubstr("differ in length"));
  EXPECT_THAT(refusal(named(tensor("../../etc", 4, 0, {2}, {1}))), HasSubstr("the storage key ../../etc"));
  EXPECT_THAT(refusal(named(tensor("", 4, 0, {2}, {1}))), HasSubstr("the storage key"));
  const std::vector<std::int64_t> ones(17, 1);
  EXPECT_THAT(refusal(named(tensor("0", 4, 0, ones, ones))), HasSubstr("17 dimensions"));
  EXPECT_THAT(refusal(proto + global("torch", "FloatStorage") + ")R."), HasSubstr("is called"));
  EXPECT_THAT(refusal(proto + "]}b."), HasSubstr("what is given attributes is of another type"));
  EXPECT_THAT(refusal(proto + "}" + text("k") + "(" + "e."), HasSubstr("what is appended to is of another type"));
}

}  // namespace
}  // namespace tbft::models
