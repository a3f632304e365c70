// Checkpoints in the packings that people's scripts leave: each gives the same network.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <tuple>

#include "models/families/family.h"
#include "models/read_model.h"
#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

using namespace testing;  // the helpers of files.h
using ::testing::HasSubstr;

// A state dict of the smallest network, with numbers that no two tensors share. Bfloat16 has each of them.
StateDict base_state() {
  NetworkSpec spec;
  spec.depth = 8;
  const auto network = describe(spec);
  StateDict state;
  float value = 0;
  for (const TensorInfo& info : network.tensors) {
    NamedTensor tensor{.name = info.name, .dtype = DType::float32, .shape = info.shape, .bytes = {}};
    const auto count = static_cast<std::size_t>(*element_count(info.shape));
    std::vector<float> values(count);
    for (float& one : values) one = 0.5F + (value = value >= 127 ? 0 : value + 1) / 128;
    const std::vector<std::int64_t> counter(count, 7);
    const auto bytes = info.is_counter ? std::as_bytes(std::span(counter)) : std::as_bytes(std::span(values));
    if (info.is_counter) tensor.dtype = DType::int64;
    tensor.bytes.assign(bytes.begin(), bytes.end());
    state.push_back(std::move(tensor));
  }
  return state;
}

class Packing : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<TemporaryFolder>();
    write_state_dict(*folder / "base.pth", base_state());
    run_python({TBFT_SOURCE_DIR "/tests/unit/models/packings.py", *folder / ""});
  }
  static void TearDownTestSuite() { folder.reset(); }

  static std::string refusal(const std::string& file, const std::string& key = "") {
    try {
      recognise(read_model(*folder / file, key).state);
    } catch (const CheckpointError& error) {
      return error.what();
    }
    return "accepted";
  }
  // The file has the network's tensors with their values, in any order.
  static void expect_base(const std::string& file, const std::string& key = "") {
    SCOPED_TRACE(file);
    Checkpoint read;
    ASSERT_NO_THROW(read = read_model(*folder / file, key)) << refusal(file, key);
    EXPECT_EQ(read.note, "");
    expect_state(read.state, 0);
  }
  static void expect_state(const StateDict& state, std::size_t missing) {
    EXPECT_NO_THROW(recognise(state));
    const auto wanted = base_state();
    EXPECT_EQ(state.size() + missing, wanted.size());
    for (const NamedTensor& tensor : state) {
      const auto same = std::ranges::find(wanted, tensor.name, &NamedTensor::name);
      ASSERT_NE(same, wanted.end()) << tensor.name;
      EXPECT_EQ(tensor.shape, same->shape) << tensor.name;
      EXPECT_EQ(tensor.dtype, same->dtype) << tensor.name;
      EXPECT_TRUE(tensor.bytes == same->bytes) << tensor.name;
    }
  }
  // The same numbers in a type of two bytes, made floats by `widen`.
  static void expect_narrow(const std::string& file, DType dtype, float (*widen)(std::uint16_t)) {
    auto state = read_model(*folder / file).state;
    for (NamedTensor& tensor : state) {
      if (tensor.dtype == DType::int64) continue;
      ASSERT_EQ(tensor.dtype, dtype) << tensor.name;
      std::vector<float> values;
      for (std::size_t i = 0; i < tensor.bytes.size(); i += 2)
        values.push_back(widen(static_cast<std::uint16_t>(std::to_integer<unsigned>(tensor.bytes[i]) |
                                                          std::to_integer<unsigned>(tensor.bytes[i + 1]) << 8U)));
      const auto bytes = std::as_bytes(std::span(values));
      tensor.bytes.assign(bytes.begin(), bytes.end());
      tensor.dtype = DType::float32;
    }
    expect_state(state, 0);
  }

  static inline std::unique_ptr<TemporaryFolder> folder;
};

TEST_F(Packing, UnderTheKeyStateDict) {
  expect_base("key_state_dict.pth");
}
TEST_F(Packing, UnderTheKeyModelStateDict) {
  expect_base("key_model_state_dict.pth");
}
TEST_F(Packing, UnderTheKeyModel) {
  expect_base("key_model.pth");
}
TEST_F(Packing, UnderTheKeyNet) {
  expect_base("key_net.pth");
}
TEST_F(Packing, UnderTheKeyEma) {
  expect_base("key_ema.pth");
}
TEST_F(Packing, UnderAKeyThatNobodyElseUses) {
  expect_base("key_best_weights.pth");
}
TEST_F(Packing, UnderTwoKeys) {
  expect_base("key_nested.pth");
}
TEST_F(Packing, WithPrefixesInAnyOrderAndRepeated) {
  for (int i = 0; i < 10; ++i) expect_base(fmt::format("prefix_{}.pth", i));
}
TEST_F(Packing, WithParameters) {
  expect_base("parameters.pth");
}
TEST_F(Packing, WithTensorsThatHaveAttributes) {
  expect_base("attributes.pth");
}
TEST_F(Packing, InOneSharedStorage) {
  expect_base("shared_storage.pth");
}
TEST_F(Packing, WithStridesAndOffsets) {
  expect_base("strides.pth");
}
TEST_F(Packing, WithoutCounters) {
  expect_state(read_model(*folder / "no_counter.pth").state, 7);
}

TEST_F(Packing, InFloat16) {
  expect_narrow("float16.pth", DType::float16, [](std::uint16_t half) {  // the numbers are from 0.5 to 1.5
    const auto exponent = static_cast<int>(half >> 10U & 0x1fU) - 25;
    return std::ldexp(static_cast<float>(0x400U | (half & 0x3ffU)), exponent);
  });
}
float widen_bfloat16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}
TEST_F(Packing, InBfloat16) {
  expect_narrow("bfloat16.pth", DType::bfloat16, widen_bfloat16);
}

TEST_F(Packing, BesideOptimisersNumpyNamespacesAndClasses) {
  expect_base("beside.pth");
}
TEST_F(Packing, AmongOptimisersNumpyNamespacesAndClasses) {
  expect_base("beside_flat.pth");
}
TEST_F(Packing, InPickleProtocols3To5) {
  for (const int protocol : {3, 4, 5}) expect_base(fmt::format("protocol_{}.pth", protocol));
}
TEST_F(Packing, InTheFormatBeforeTorch16) {
  expect_base("old.pth");
}
TEST_F(Packing, InTheFormatBeforeTorch16BesideClasses) {
  expect_base("old_beside.pth");
}
TEST_F(Packing, InTheFormatBeforeTorch16BesideStoragesOfOtherTypes) {
  EXPECT_THAT(refusal("old_complex.pth"), HasSubstr("a storage of a type that is not read"));
}

TEST_F(Packing, AsSafetensors) {
  expect_base("plain.safetensors");
}
TEST_F(Packing, AsSafetensorsWithPrefixes) {
  expect_base("prefixed.safetensors");
}
TEST_F(Packing, AsSafetensorsInBfloat16) {
  expect_narrow("bfloat16.safetensors", DType::bfloat16, widen_bfloat16);
}

TEST_F(Packing, OfSeveralDictsTheOneThatFitsIsTaken) {
  expect_base("one_fits.pth");
  expect_base("same_twice.pth");
}
TEST_F(Packing, OfTwoThatFitTheUsualNameIsTakenAndSaid) {
  const auto read = read_model(*folder / "usual_and_ema.pth");
  expect_state(read.state, 0);
  EXPECT_THAT(read.note, HasSubstr("holds 2 models (state_dict, ema); 'state_dict' is read, --key NAME reads another"));
}
TEST_F(Packing, OfTwoThatFitEquallyTheKeyIsAskedFor) {
  EXPECT_THAT(refusal("two_fit.pth"), HasSubstr("holds 2 models (student, teacher); choose one with --key NAME"));
  EXPECT_THAT(refusal("two_usual.pth"), HasSubstr("holds 2 models (model, net); choose one with --key NAME"));
  expect_base("two_fit.pth", "student");
  expect_base("two_usual.pth", "model");
  expect_base("key_nested.pth", "checkpoint.model");
  expect_base("old.pth", ".");
  EXPECT_THAT(refusal("two_fit.pth", "pupil"),
              HasSubstr("has no dict of tensors under the key 'pupil'; it has student, teacher"));
}
TEST_F(Packing, ARefusalNamesTheFirstTensorThatDoesNotFit) {
  EXPECT_THAT(refusal("none_fits.pth"), HasSubstr("layer2.0.conv1.weight is missing"));
  EXPECT_THAT(refusal("tensor_that_is_not_read.pth"), HasSubstr("fc.bias is a tensor of torch.ComplexFloatStorage"));
}

// What stands beside the weights, byte by byte. Each is skipped or refused.
TEST_F(Packing, AHostilePickleBesideTheWeightsExecutesNothing) {
  const std::string proof = *folder / "proof";
  const std::string system = global("os", "system"), command = text("touch " + proof);
  std::string deep, marks, bomb = "]q\x09";
  for (int i = 0; i < 100'000; ++i) deep += "]";
  for (int i = 1; i < 100'000; ++i) deep += "a";
  for (int i = 0; i < 2'000; ++i) marks += "(";
  for (int i = 0; i < 60; ++i)
    bomb +=
        "](h\x09h\x09"
        "eq\x09";  // lists of lists, 2^60 if they were copied
  for (int i = 0; i < 60; ++i) bomb += "0";
  const std::string weights = dict_pickle({{text("w"), tensor("0", 4, 0, {4}, {1})}}).substr(2);
  const std::vector<std::pair<std::string, std::string>> parts{
      {"REDUCE", system + command + "\x85R"},
      {"INST", "(" + command + "ios\nsystem\n"},
      {"OBJ", "(" + system + command + "o"},
      {"NEWOBJ", system + command + "\x85\x81"},
      {"NEWOBJ_EX", system + command + "\x85}\x92"},
      {"STACK_GLOBAL", text("os") + text("system") + "\x93" + command + "\x85R"},
      {"BUILD", global("os", "environ") + "}" + text("PATH") + command + "sb"},
      {"EXT1", "\x82\x01" + command + "\x85R"},
      {"EXT4", "\x84\x01\x02\x03\x04"},
      {"PERSID", "Pos.system\n"},
      {"BINPERSID", tuple({text("module"), system, command, command}) + "Q" + command + "\x85R"},
      {"getattr", global("builtins", "getattr") + tuple({global("os", "path"), text("os")}) + "R" + command + "\x85R"},
      {"deep", deep},
      {"bomb", bomb},
  };
  const auto file = [&](const std::string& part) {
    const auto whole = "\x80\x02}(" + text("evil") + part + text("state_dict") + weights.substr(0, weights.size() - 1) + "u.";
    write_zip(*folder / "hostile.pth", {{"x/data.pkl", whole}, {"x/data/0", std::string(16, '\0')}});
    return *folder / "hostile.pth";
  };
  for (const auto& [name, part] : parts) {
    StateDict state;
    EXPECT_NO_THROW(state = read_state_dict(file(part))) << name;
    EXPECT_EQ(state.size(), 1U) << name;
  }
  const std::vector<std::pair<std::string, std::string>> refused{{"marks", marks},
                                                                 {"BINUNICODE", "X\xff\xff\xff\xff"},
                                                                 {"BINUNICODE8", "\x8d" + std::string(8, '\xff')},
                                                                 {"BINBYTES8", "\x8e" + std::string(8, '\x7f')},
                                                                 {"LONG4", "\x8b\xff\xff\xff\xff"},
                                                                 {"POP", "0000000000"},
                                                                 {"INT", "I1\n"}};
  for (const auto& [name, part] : refused) EXPECT_THROW(read_state_dict(file(part)), CheckpointError) << name;
  EXPECT_FALSE(std::filesystem::exists(proof));
}

// Public checkpoints: of torch before 1.6, nested, with the prefix of DataParallel, without counters.
TEST(PublicCheckpoints, AreReadWithTheirNumbers) {
  const char* shared = std::getenv("TBFT_SHARED");
  const auto folder = std::filesystem::path(shared == nullptr ? TBFT_SOURCE_DIR "/../shared" : shared) / "data/checkpoints";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "../shared is absent: no released checkpoints";
  const std::vector<std::tuple<const char*, std::size_t, double>> known{{"cifar-resnet20.th", 97, -0.04562697559595108},
                                                                        {"cifar-resnet32.th", 157, 0.0005946382880210876}};
  for (const auto& [file, tensors, sum] : known) {
    const auto state = read_state_dict(folder / file);
    ASSERT_EQ(state.size(), tensors) << file;
    EXPECT_EQ(state.front().name, "conv1.weight");
    const NamedTensor& weight = state[tensors - 2];
    EXPECT_EQ(weight.name, "linear.weight");
    std::vector<float> values(weight.bytes.size() / sizeof(float));
    std::ranges::copy(weight.bytes, std::as_writable_bytes(std::span(values)).begin());
    EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), sum, 1e-4) << file;
  }
}

std::string safetensors(const std::string& header, const std::string& data, std::uint64_t length) {
  std::string file;
  for (unsigned i = 0; i < 8; ++i) file += static_cast<char>(length >> (8 * i) & 0xff);
  return file + header + data;
}

std::string refusal_of_safetensors(const std::string& header, const std::string& data = "abcd") {
  const auto file = safetensors(header, data, header.size());
  try {
    read_state_dict(std::as_bytes(std::span(file)), "x.safetensors");
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Safetensors, SizesAndOffsetsAreChecked) {
  const auto one = [](const std::string& type, const std::string& shape, const std::string& offsets) {
    return refusal_of_safetensors(
        fmt::format(R"({{"w":{{"dtype":"{}","shape":{},"data_offsets":{}}}}})", type, shape, offsets));
  };
  EXPECT_EQ(one("F32", "[1]", "[0,4]"), "accepted");
  EXPECT_EQ(one("U8", "[2,2]", "[0,4]"), "accepted");
  EXPECT_THAT(one("F32", "[2]", "[0,8]"), HasSubstr("x.safetensors: cut short in w"));
  EXPECT_THAT(one("F32", "[2]", "[0,4]"), HasSubstr("w has another number of bytes than its shape needs"));
  EXPECT_THAT(one("F32", "[1]", "[4,0]"), HasSubstr("w has another number of bytes"));
  EXPECT_THAT(one("U8", "[3]", "[0,3]"), HasSubstr("has 1 bytes after its last tensor"));
  EXPECT_THAT(one("U8", "[3]", "[1,4]"), HasSubstr("w begins at byte 1 of the data, not at 0"));
  EXPECT_THAT(one("F8_E4M3", "[4]", "[0,4]"), HasSubstr("w is of the type F8_E4M3, which is not read"));
  EXPECT_THAT(one("F32", "[-1]", "[0,4]"), HasSubstr("w: an extent is not a whole number"));
  EXPECT_THAT(one("F32", "[1.0]", "[0,4]"), HasSubstr("w: an extent is not a whole number"));
  EXPECT_THAT(one("F32", "[18446744073709551615]", "[0,4]"), HasSubstr("w: an extent is not a whole number"));
  EXPECT_THAT(one("F32", "[4294967296,4294967296]", "[0,4]"), HasSubstr("w has another number of bytes"));
  EXPECT_THAT(one("F32", "[1]", "[0,18446744073709551615]"), HasSubstr("w: an offset is not a whole number"));
  EXPECT_THAT(one("F32", "[1]", "[0]"), HasSubstr("w: without data_offsets"));
  EXPECT_THAT(one("F32", "7", "[0,4]"), HasSubstr("w: without shape"));
  EXPECT_THAT(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), HasSubstr("w has 9 dimensions"));
}

TEST(Safetensors, TheHeaderIsBoundedAndItsErrorsStayInside) {
  EXPECT_THAT(refusal_of_safetensors("{\"w\":1}"), HasSubstr("w: without dtype"));
  EXPECT_THAT(refusal_of_safetensors("{\"w\":"), HasSubstr("its header is not JSON"));
  EXPECT_THAT(refusal_of_safetensors("{\"\xff\":1}"), HasSubstr("its header is not JSON"));
  EXPECT_THAT(refusal_of_safetensors("{\"a\":" + std::string(1'000'000, '[')), HasSubstr("nested deeper"));
  const std::string w = R"("w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_THAT(refusal_of_safetensors("{" + w + "," + w + "}"), HasSubstr("two tensors are named w"));
  EXPECT_THAT(refusal_of_safetensors(R"({"__metadata__":{"format":"pt"},)" + w + "}"), "accepted");
  EXPECT_THAT(refusal_of_safetensors("{}", ""), HasSubstr("holds no tensor"));
  EXPECT_THAT(refusal_of_safetensors("{" + std::string(5'000'000, ' ') + "}", ""), HasSubstr("at most"));
  const auto cut = safetensors("{}", "", 1000);
  EXPECT_THROW(read_state_dict(std::as_bytes(std::span(cut)), "x.safetensors"), CheckpointError);
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string header =
      R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})";
  const auto file = safetensors(header, "abcde", header.size());
  EXPECT_EQ(read_state_dict(std::as_bytes(std::span(file)), "x").size(), 2U);
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_THROW(read_state_dict(std::as_bytes(std::span(file)).first(size), "x"), CheckpointError) << size;
}

}  // namespace
}  // namespace tbft::models
