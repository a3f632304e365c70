#include "models/checkpoint/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

using namespace testing;  // the helpers of files.h
using ::testing::ElementsAre;
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
  const std::string bytes = content(scratch / "x.pkl");
  const pickle::Document document = parse(bytes);
  const auto& items = std::get<pickle::List>(document.at(document.root)).items;
  const std::vector<std::int64_t> wanted{0, 255, 256, 65535, 65536, -1, -2147483648LL, 2147483648LL, INT64_MIN, INT64_MAX};
  ASSERT_EQ(items.size(), wanted.size() + 3);
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(std::get<std::int64_t>(document.at(items[i])), wanted[i]);
  EXPECT_EQ(std::get<double>(document.at(items[10])), 1.5);
  EXPECT_EQ(std::get<bool>(document.at(items[11])), true);
  EXPECT_TRUE(std::holds_alternative<pickle::None>(document.at(items[12])));
}

// What an opcode of building gives: the name of what Python would build.
std::string built(const std::string& value) {
  const std::string bytes = proto + value + ".";
  const pickle::Document document = parse(bytes);
  return std::string(std::get<pickle::Opaque>(document.at(document.root)).name);
}

TEST(Pickle, CallsAndObjectsGiveNamesAndAreNotBuilt) {
  const std::string system = global("os", "system"), id = text("id");
  EXPECT_EQ(built(system + id + "\x85R"), "os.system");
  EXPECT_EQ(built(text("os") + text("system") + "\x93" + id + "\x85R"), "os.system");  // STACK_GLOBAL
  EXPECT_EQ(built("(" + id + "ios\nsystem\n"), "os.system");                           // INST
  EXPECT_EQ(built("(" + system + id + "o"), "os.system");                              // OBJ
  EXPECT_EQ(built(system + id + "\x85\x81"), "os.system");                             // NEWOBJ
  EXPECT_EQ(built(system + id + "\x85}\x92"), "os.system");                            // NEWOBJ_EX
  EXPECT_EQ(built(global("a", "B") + ")R" + id + "b"), "a.B");                         // BUILD
  EXPECT_EQ(built(system + id + "\x85R" + id + "\x85R"), "os.system");                 // a call of a result
  EXPECT_EQ(built("\x82\x01"), "an extension");                                        // EXT1
  EXPECT_EQ(built("Pos.system\n"), "a persistent id");                                 // PERSID
  EXPECT_EQ(built(tuple({text("storage"), global("os", "system"), text("0"), text("cpu"), int64(1)}) + "Q"), "os.system");
  EXPECT_EQ(built(global("a", "List") + ")R(" + id + id + "e"), "a.List");  // items of a class that extends list
}

TEST(Pickle, AClassThatExtendsDictHasItsItems) {
  const std::string bytes = proto + global("addict", "Dict") + ")\x81(" + text("k") + text("v") + "u.";
  const pickle::Document document = parse(bytes);
  const auto& dict = std::get<pickle::Dict>(document.at(document.root));
  EXPECT_EQ(std::get<pickle::Text>(*document.find(dict, "k")), "v");
  EXPECT_EQ(document.find(dict, "w"), nullptr);
}

// Python 2's OrderedDict gets its items as an argument.
TEST(Pickle, AnOrderedDictOfPython2HasItsItems) {
  const std::string bytes =
      proto + global("collections", "OrderedDict") + "](](" + text("a") + "K\x01" + "e](" + text("b") + "K\x02" + "ee\x85R.";
  const pickle::Document document = parse(bytes);
  const auto& dict = std::get<pickle::Dict>(document.at(document.root));
  ASSERT_EQ(dict.items.size(), 2U);
  EXPECT_EQ(std::get<std::int64_t>(*document.find(dict, "b")), 2);
}

// CIFAR-10's batches are of protocol 2 and Python 2, where texts are bytes (SHORT_BINSTRING); Python 3 writes bytes as a call.
TEST(Pickle, ReadsArraysOfBytesOfEveryProtocol) {
  const TemporaryFolder scratch;
  run_python({"-c",
              "import pickle, sys, numpy as np\n"
              "d = {b'data': np.arange(250, 256, dtype='u1').reshape(2, 3), b'labels': [3, 9], b'filenames': [b'a.png', "
              "b'\\xff'], 'turned': np.asfortranarray(np.arange(6, dtype='u1').reshape(2, 3)), 'floats': np.zeros(2)}\n"
              "for p in (2, 3, 4, 5): pickle.dump(d, open(sys.argv[1] + str(p), 'wb'), p)",
              scratch / "x.pkl"});
  for (const std::string protocol : {"2", "3", "4", "5"}) {
    const std::string bytes = content(scratch / ("x.pkl" + protocol));
    const pickle::Document document = parse(bytes);
    const auto& dict = std::get<pickle::Dict>(document.at(document.root));
    const auto& data = std::get<pickle::Array>(*document.find(dict, "data"));
    EXPECT_THAT(data.shape, ElementsAre(2, 3)) << protocol;
    EXPECT_FALSE(data.column_major) << protocol;
    EXPECT_EQ(std::get<pickle::Text>(document.at(data.data)), "\xfa\xfb\xfc\xfd\xfe\xff") << protocol;
    const auto& labels = std::get<pickle::List>(*document.find(dict, "labels")).items;
    EXPECT_EQ(std::get<std::int64_t>(document.at(labels.at(1))), 9) << protocol;
    const auto& files = std::get<pickle::List>(*document.find(dict, "filenames")).items;
    EXPECT_EQ(std::get<pickle::Text>(document.at(files.at(0))), "a.png") << protocol;
    EXPECT_EQ(std::get<pickle::Text>(document.at(files.at(1))), "\xff") << protocol;
    EXPECT_TRUE(std::get<pickle::Array>(*document.find(dict, "turned")).column_major) << protocol;
    EXPECT_EQ(std::get<pickle::Opaque>(*document.find(dict, "floats")).name, "numpy.ndarray") << protocol;
  }
}

// As cPickle of Python 2 writes a batch of CIFAR-10.
TEST(Pickle, ReadsTheTextsOfPython2) {
  const std::string array = global("numpy.core.multiarray", "_reconstruct") + global("numpy", "ndarray") + "K" +
                            std::string(1, '\0') + "\x85U\x01" + "b\x87R(K\x01K\x02K\x02\x86" + global("numpy", "dtype") +
                            "U\x02u1K" + std::string(1, '\0') + "K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" +
                            std::string(1, '\0') + "tb\x89U\x04\xff\x80\x01\x02tb";
  const std::string bytes =
      "\x80\x02}q\x01(U\x04"
      "data" +
      array +
      "U\x06labels](K\x07K\x09"
      "eu.";
  const pickle::Document document = parse(bytes);
  const auto& dict = std::get<pickle::Dict>(document.at(document.root));
  const auto& data = std::get<pickle::Array>(*document.find(dict, "data"));
  EXPECT_THAT(data.shape, ElementsAre(2, 2));
  EXPECT_EQ(std::get<pickle::Text>(document.at(data.data)), "\xff\x80\x01\x02");
  EXPECT_EQ(std::get<pickle::List>(*document.find(dict, "labels")).items.size(), 2U);
}

TEST(Pickle, AnArrayWithFewerBytesThanItsShapeIsNone) {
  const auto array = [](std::int64_t rows) {
    return global("numpy.core.multiarray", "_reconstruct") + ")R" +
           tuple({int64(1), tuple({int64(rows)}), global("numpy", "dtype") + text("u1") + "\x85R", "\x89", text("abc")}) + "b";
  };
  const std::string good = proto + array(3) + ".";
  const pickle::Document document = parse(good);
  EXPECT_TRUE(std::holds_alternative<pickle::Array>(document.at(document.root)));
  for (const std::int64_t rows : {std::int64_t{4}, std::int64_t{-1}, INT64_MAX}) EXPECT_EQ(built(array(rows)), "numpy.ndarray");
}

TEST(Pickle, RefusesBytesThatAreNoOpcode) {
  EXPECT_EQ(refusal(proto + "\xff."), "x.pth: data.pkl at byte 2: opcode 0xff, which the protocols 1 to 5 do not have");
  EXPECT_THAT(refusal("\x80\x06."), HasSubstr("pickle protocol 6"));
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
  EXPECT_THAT(refusal(proto + std::string(pickle::Limits{}.values + 1, 'N')), HasSubstr("more than"));
  std::string copies = proto + "Nq" + std::string(1, '\0');
  for (std::size_t i = 0; i <= pickle::Limits{}.values; ++i) copies += std::string("h\0", 2);
  EXPECT_THAT(refusal(copies), HasSubstr("on the stack"));
  EXPECT_THAT(refusal(std::string(pickle::Limits{}.bytes + 1, 'N')), HasSubstr("at most"));
  EXPECT_EQ(refusal(proto + "Nr\xff\xff\xff\xff."), "accepted");  // a far memo costs nothing
}

TEST(Pickle, SizesBeyondThePickleAreNotAllocated) {
  EXPECT_THAT(refusal(proto + "X\xff\xff\xff\xff" + "a."), HasSubstr("ends inside"));
  EXPECT_THAT(refusal(proto + "\x8b\xff\xff\xff\xff."), HasSubstr("ends inside"));
  EXPECT_THAT(refusal(proto + "\x8e" + std::string(8, '\xff') + "."), HasSubstr("ends inside"));
  EXPECT_EQ(built("\x8a\xff" + std::string(255, '\x01')), "int");
}

// A value that the memo repeats costs a few bytes each time; what is copied from it is bounded.
TEST(Pickle, AMemoCannotMultiplyCopies) {
  const std::string repeated = text(std::string(1'000'000, 'x')) + "q\x01" + "0";
  std::string names = proto + repeated, bytes = proto + repeated, pairs = proto + "](";
  for (int i = 0; i < 100'000; ++i) pairs += "NN\x86";
  pairs += "eq\x01" + std::string("0");
  for (int i = 0; i < 20; ++i) {
    names += "h\x01h\x01\x93";
    bytes += global("_codecs", "encode") + "h\x01" + text("latin1") + "\x86R";
    pairs += global("collections", "OrderedDict") + "h\x01\x85R";
  }
  for (const auto& pickle : {names, bytes, pairs})
    EXPECT_THAT(refusal(pickle), HasSubstr("copies of its values are larger than the pickle"));
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
  const std::vector<std::int64_t> ones(9, 1);
  EXPECT_THAT(refusal(named(tensor("0", 4, 0, ones, ones))), HasSubstr("9 dimensions"));
  EXPECT_THAT(refusal(proto + "}" + text("k") + "(" + "e."), HasSubstr("what is appended to is of another type"));
}

}  // namespace
}  // namespace tbft::models
