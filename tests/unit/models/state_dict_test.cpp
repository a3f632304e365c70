#include "models/checkpoint/state_dict.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

using namespace testing;  // the helpers of files.h
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string refusal(const std::filesystem::path& path) {
  try {
    read_state_dict(path);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

// Saves what `expression` gives in Python as torch.save does; `options` go to torch.save.
void torch_save(const std::filesystem::path& path, const std::string& expression, const std::string& options = "") {
  run_python({"-c",
              fmt::format("import sys, os, collections, torch\nt = torch.arange(12.).view(3, 4)\ntorch.save({}, sys.argv[1]{})",
                          expression, options.empty() ? "" : ", " + options),
              path});
}

template <typename T>
std::vector<T> values(const NamedTensor& tensor) {
  std::vector<T> out(tensor.bytes.size() / sizeof(T));
  std::ranges::copy(tensor.bytes, std::as_writable_bytes(std::span(out)).begin());
  return out;
}

template <typename T>
NamedTensor make(std::string name, DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& from) {
  NamedTensor tensor{.name = std::move(name), .dtype = dtype, .shape = std::move(shape), .bytes = {}};
  const auto bytes = std::as_bytes(std::span(from));
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

// A checkpoint of one tensor "w" over storage 0, which holds 4 floats.
void write_tensor(const std::filesystem::path& path, const std::string& tensor, bool deflate = false) {
  write_zip(path,
            {{"x/data.pkl", dict_pickle({{text("w"), tensor}})}, {"x/data/0", std::string(16, '\0')}, {"x/version", "3\n"}},
            deflate);
}

TEST(StateDict, ReadsEveryTypeThatTorchSaves) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth",
             "collections.OrderedDict((str(d).split('.')[1], torch.tensor([0, 1, 2], dtype=d)) for d in (torch.float64, "
             "torch.float32, "
             "torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool))");
  const StateDict state = read_state_dict(scratch / "x.pth");
  ASSERT_EQ(state.size(), 10U);
  for (const NamedTensor& tensor : state) {
    EXPECT_EQ(tensor.name, to_string(tensor.dtype));
    EXPECT_THAT(tensor.shape, ElementsAre(3));
    EXPECT_EQ(tensor.bytes.size(), 3 * size_of(tensor.dtype));
  }
  EXPECT_THAT(values<double>(state[0]), ElementsAre(0.0, 1.0, 2.0));
  EXPECT_THAT(values<float>(state[1]), ElementsAre(0.0F, 1.0F, 2.0F));
  EXPECT_THAT(values<std::uint16_t>(state[2]), ElementsAre(0, 0x3c00, 0x4000));
  EXPECT_THAT(values<std::uint16_t>(state[3]), ElementsAre(0, 0x3f80, 0x4000));
  EXPECT_THAT(values<std::int64_t>(state[4]), ElementsAre(0, 1, 2));
  EXPECT_THAT(values<std::int16_t>(state[6]), ElementsAre(0, 1, 2));
  EXPECT_THAT(values<std::uint8_t>(state[9]), ElementsAre(0, 1, 1));
}

TEST(StateDict, GathersViewsRowByRow) {
  const TemporaryFolder scratch;
  torch_save(
      scratch / "x.pth",
      "{'plain': t, 'transposed': t.t(), 'column': t[:, 1], 'last': t[2:], 'expanded': t[0, 1].expand(2, 2), 'scalar': t[1, "
      "2], "
      "'empty': t[:0], 'channels_last': torch.arange(8.).view(1, 2, 2, 2).contiguous(memory_format=torch.channels_last), "
      "'parameter': torch.nn.Parameter(t[0])}");
  const StateDict state = read_state_dict(scratch / "x.pth");
  ASSERT_EQ(state.size(), 9U);
  EXPECT_THAT(values<float>(state[0]), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_THAT(state[1].shape, ElementsAre(4, 3));
  EXPECT_THAT(values<float>(state[1]), ElementsAre(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11));
  EXPECT_THAT(values<float>(state[2]), ElementsAre(1, 5, 9));
  EXPECT_THAT(values<float>(state[3]), ElementsAre(8, 9, 10, 11));
  EXPECT_THAT(values<float>(state[4]), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(state[5].shape, IsEmpty());
  EXPECT_THAT(values<float>(state[5]), ElementsAre(6));
  EXPECT_THAT(state[6].shape, ElementsAre(0, 4));
  EXPECT_THAT(state[6].bytes, IsEmpty());
  EXPECT_THAT(values<float>(state[7]), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(state[8].name, "parameter");
  EXPECT_THAT(values<float>(state[8]), ElementsAre(0, 1, 2, 3));
}

TEST(StateDict, UnwrapsAStateDictAndItsModulePrefix) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth",
             "{'epoch': 3, 'optimizer': {'state': {0: {'m': t}}, 'groups': [1, 2]}, "
             "'state_dict': {'module.a': t, 'module.b.module.c': t[0]}}");
  const StateDict state = read_state_dict(scratch / "x.pth");
  ASSERT_EQ(state.size(), 2U);
  EXPECT_EQ(state[0].name, "a");
  EXPECT_EQ(state[1].name, "b.module.c");
}

// What people's training scripts save, and what stands before the names then.
TEST(StateDict, UnwrapsWhatScriptsWrap) {
  const TemporaryFolder scratch;
  const std::vector<std::string> saved{"{'_orig_mod.a': t, '_orig_mod.b.c': t[0]}",
                                       "{'_orig_mod.module.a': t, '_orig_mod.module.b.c': t[0]}",
                                       "{'state_dict': {'model.a': t, 'model.b.c': t[0]}, 'epoch': 1}",
                                       "{'epoch': 3, 'model_state_dict': state, 'optimizer_state_dict': {'state': {0: {'m': "
                                       "t}}, 'groups': [{'betas': (0, 1)}]}}",
                                       "{'net': state, 'acc': 95.1}",
                                       "{'checkpoint': {'model': state}}",
                                       "{'n_averaged': torch.tensor(3), 'module.a': t, 'module.b.c': t[0]}",
                                       "{'state_dict': state, 'device': torch.device('cpu'), 'shape': torch.Size([1])}",
                                       "{'state_dict': state, 'best': np.float64(0.9), 'history': np.arange(3)}",
                                       "{'state_dict': state, 'optimizer': {'state': collections.defaultdict(dict)}}"};
  // One start of Python for all.
  run_python({"-c",
              fmt::format("import sys, collections, torch, numpy as np\nt = torch.arange(12.).view(3, 4)\n"
                          "state = {{'a': t, 'b.c': t[0]}}\n"
                          "for i, saved in enumerate([{}]): torch.save(saved, sys.argv[1] + str(i))",
                          fmt::join(saved, ", ")),
              scratch / "x.pth"});
  for (std::size_t i = 0; i < saved.size(); ++i) {
    const auto checkpoint = read_checkpoint(scratch / fmt::format("x.pth{}", i));
    ASSERT_EQ(checkpoint.state.size(), 2U) << saved[i];
    EXPECT_EQ(checkpoint.state[0].name, "a") << saved[i];
    EXPECT_EQ(checkpoint.state[1].name, "b.c") << saved[i];
    EXPECT_THAT(values<float>(checkpoint.state[1]), ElementsAre(0, 1, 2, 3)) << saved[i];
    EXPECT_EQ(checkpoint.note, "") << saved[i];
  }
}

TEST(StateDict, OfSeveralModelsTheUsualNameIsTakenAndSaid) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth", "{'ema': {'w': t[0]}, 'state_dict': {'w': t}}");
  const auto checkpoint = read_checkpoint(scratch / "x.pth");
  EXPECT_EQ(checkpoint.state.at(0).shape.size(), 2U);
  EXPECT_THAT(checkpoint.note, HasSubstr("x.pth: holds 2 models (state_dict, ema); 'state_dict' is read"));
  torch_save(scratch / "y.pth", "{'student': {'w': t[0]}, 'teacher': {'w': t}}");
  EXPECT_THAT(refusal(scratch / "y.pth"), HasSubstr("holds 2 models (student, teacher); choose one with --key NAME"));
}

TEST(StateDict, ReadsTheFormatBeforeTorch16) {
  const TemporaryFolder scratch;
  const std::string saved = "collections.OrderedDict(a=t, part=t[1:, ::2], half=t.half(), count=torch.tensor(7))";
  torch_save(scratch / "new.pth", saved);
  torch_save(scratch / "old.pth", saved, "_use_new_zipfile_serialization=False");
  const auto expected = read_state_dict(scratch / "new.pth"), state = read_state_dict(scratch / "old.pth");
  ASSERT_EQ(state.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(state[i].name, expected[i].name);
    EXPECT_EQ(state[i].dtype, expected[i].dtype);
    EXPECT_EQ(state[i].shape, expected[i].shape);
    EXPECT_EQ(state[i].bytes, expected[i].bytes);
  }
  // Cut or changed anywhere: refused, never a crash.
  std::string whole = content(scratch / "old.pth");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(read_state_dict(std::as_bytes(std::span(whole)).first(size), "x.pth"), CheckpointError) << size;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const char before = whole[at];
    for (const int flip : {1, 0x80, 0xff}) {
      whole[at] = static_cast<char>(before ^ flip);
      try {
        read_state_dict(std::as_bytes(std::span(whole)), "x.pth");
      } catch (const CheckpointError&) {  // a changed weight has no check sum
      }
    }
    whole[at] = before;
  }
}

TEST(StateDict, KeepsAModulePrefixThatOnlySomeNamesHave) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth", "{'module.a': t, 'a': t}");
  EXPECT_EQ(read_state_dict(scratch / "x.pth").at(0).name, "module.a");
}

TEST(StateDict, IgnoresWhateverIsBesideTensors) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth", "{'epoch': 3, 'accuracy': 0.9, 'name': 'x', 'best': True, 'note': None, 'w': t}");
  EXPECT_EQ(read_state_dict(scratch / "x.pth").size(), 1U);
  torch_save(scratch / "y.pth", "{'w': t, 'history': [1, 2], 3: {'a': set()}}");
  EXPECT_EQ(read_state_dict(scratch / "y.pth").size(), 1U);
  torch_save(scratch / "z.pth", "[t]");
  EXPECT_THAT(refusal(scratch / "z.pth"), HasSubstr("holds a list, not a dict of tensors"));
  torch_save(scratch / "e.pth", "{'epoch': 3}");
  EXPECT_THAT(refusal(scratch / "e.pth"), HasSubstr("holds no tensor"));
}

TEST(StateDict, NeverRunsWhatAPickleNames) {
  const TemporaryFolder scratch;
  run_python({"-c",
              "import os, sys, torch\nclass Evil:\n  def __reduce__(self): return os.system, ('touch ' + sys.argv[2],)\n"
              "torch.save({'w': Evil()}, sys.argv[1])",
              scratch / "x.pth", scratch / "proof"});
  EXPECT_EQ(refusal(scratch / "x.pth"), (scratch / "x.pth").string() + ": data.pkl names posix.system; only tensors are read");
  EXPECT_FALSE(std::filesystem::exists(scratch / "proof"));
  torch_save(scratch / "model.pth", "torch.nn.Linear(2, 2)");
  EXPECT_THAT(refusal(scratch / "model.pth"), HasSubstr("names torch.nn.modules.linear.Linear"));
}

TEST(StateDict, AForgedNameCannotWriteControlCharactersIntoTheError) {
  const TemporaryFolder scratch;
  const auto names = [&](const std::string& name) {
    write_zip(scratch / "x.pth", {{"x/data.pkl", dict_pickle({{text("w"), global("os", name) + ")R"}})}});
    return refusal(scratch / "x.pth");
  };
  EXPECT_THAT(names("\x1b[2Jsystem"), HasSubstr(R"(os.\x1b[2Jsystem)"));
  EXPECT_LT(names(std::string(100'000, 'x')).size(), 300U);
}

TEST(StateDict, RefusesOtherFormatsWithAWayOut) {
  const TemporaryFolder scratch;
  run_python({"-c", "import sys, torch; torch.jit.script(torch.nn.Linear(2, 2)).save(sys.argv[1])", scratch / "script.pt"});
  EXPECT_THAT(refusal(scratch / "script.pt"), HasSubstr("TorchScript"));
  write_file(scratch / "text.pth", "hello");
  EXPECT_THAT(refusal(scratch / "text.pth"), HasSubstr("not a checkpoint"));
  write_file(scratch / "empty.pth", "");
  EXPECT_THAT(refusal(scratch / "empty.pth"), HasSubstr("not a checkpoint"));
  write_zip(scratch / "other.pth", {{"readme", "hello"}});
  EXPECT_THAT(refusal(scratch / "other.pth"), HasSubstr("without data.pkl"));
  EXPECT_THAT(refusal(scratch / "absent.pth"), HasSubstr("No such file"));
  EXPECT_THAT(refusal(scratch / ""), HasSubstr("not a regular file"));
  write_zip(scratch / "big.pth", {{"x/data.pkl", dict_pickle({})}, {"x/byteorder", "big"}});
  EXPECT_THAT(refusal(scratch / "big.pth"), HasSubstr("big-endian"));
}

TEST(StateDict, ATensorMayNotReachBeyondItsStorage) {
  const TemporaryFolder scratch;
  const auto path = scratch / "x.pth";
  write_tensor(path, tensor("0", 4, 0, {2, 2}, {2, 1}));
  EXPECT_EQ(refusal(path), "accepted");
  write_tensor(path, tensor("0", 4, 1, {2, 2}, {2, 1}));
  EXPECT_THAT(refusal(path), HasSubstr("w reaches element 4 of data/0, which has 4"));
  write_tensor(path, tensor("0", 4, 0, {2, 2}, {3, 1}));
  EXPECT_THAT(refusal(path), HasSubstr("w reaches element 4"));
  write_tensor(path, tensor("0", 400, 0, {2, 2}, {2, 1}));
  EXPECT_THAT(refusal(path), HasSubstr("data/0 has 16 bytes; the pickle says 400 elements"));
  write_tensor(path, tensor("1", 4, 0, {2, 2}, {2, 1}));
  EXPECT_THAT(refusal(path), HasSubstr("has no entry x/data/1"));
  write_tensor(path, tensor("0", 4, 0, {1, 4}, {INT64_MAX, 1}));  // a stride that is never stepped along
  EXPECT_EQ(refusal(path), "accepted");
}

TEST(StateDict, AbsurdShapesAreRefusedBeforeAnythingIsAllocated) {
  const TemporaryFolder scratch;
  const auto path = scratch / "x.pth";
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  write_tensor(path, tensor("0", 4, 0, {huge, huge}, {0, 0}));
  EXPECT_THAT(refusal(path), HasSubstr("overflows"));
  write_tensor(path, tensor("0", 4, 0, {2, 2}, {INT64_MAX, INT64_MAX}));
  EXPECT_THAT(refusal(path), HasSubstr("overflows"));
  write_tensor(path, tensor("0", 4, 0, {huge}, {0}));
  EXPECT_THAT(refusal(path), HasSubstr("many more than the file has"));
  write_tensor(path, tensor("0", INT64_MAX / 2, 0, {2}, {1}));
  EXPECT_THAT(refusal(path), HasSubstr("data/0 has 16 bytes"));
  // A second tensor of the same storage, whose count overflows to its size.
  write_zip(path, {{"x/data.pkl", dict_pickle({{text("a"), tensor("0", 4, 0, {4}, {1})},
                                               {text("b"), tensor("0", (std::int64_t{1} << 62) + 4, 4, {4}, {1})}})},
                   {"x/data/0", std::string(16, '\0')}});
  EXPECT_THAT(refusal(path), HasSubstr("storage 0 has 16 bytes"));
  // Many views, each within bounds.
  const std::string view = tensor("0", 4, 0, {1 << 22}, {0});
  write_zip(path,
            {{"x/data.pkl",
              dict_pickle({{text("a"), view}, {text("b"), view}, {text("c"), view}, {text("d"), view}, {text("e"), view}})},
             {"x/data/0", std::string(16, '\0')}});
  EXPECT_THAT(refusal(path), HasSubstr("e unfolds to"));
}

TEST(StateDict, TwoTensorsMayNotShareAName) {
  const TemporaryFolder scratch;
  const std::string w = tensor("0", 4, 0, {4}, {1});
  write_zip(scratch / "x.pth",
            {{"x/data.pkl", dict_pickle({{text("w"), w}, {text("w"), w}})}, {"x/data/0", std::string(16, '\0')}});
  EXPECT_THAT(refusal(scratch / "x.pth"), HasSubstr("two tensors are named w"));
}

TEST(StateDict, ADictThatWrapsItselfIsAnError) {
  const TemporaryFolder scratch;
  write_zip(scratch / "x.pth", {{"x/data.pkl", "\x80\x02}q\x01" + text("state_dict") + "h\x01s."}});
  EXPECT_THAT(refusal(scratch / "x.pth"), HasSubstr("holds no tensor"));
}

TEST(StateDict, EveryTruncationOfTheFileIsAnError) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth", "{'w': t}");
  const std::string whole = content(scratch / "x.pth");
  const auto bytes = std::as_bytes(std::span(whole));
  EXPECT_EQ(read_state_dict(bytes, "x.pth").size(), 1U);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(read_state_dict(bytes.first(size), "x.pth"), CheckpointError) << size;
  write_file(scratch / "cut.pth", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refusal(scratch / "cut.pth"), HasSubstr("truncated or damaged"));
}

TEST(StateDict, AChangedByteNeverCrashes) {
  const TemporaryFolder scratch;
  torch_save(scratch / "x.pth", "{'w': t}");
  std::string whole = content(scratch / "x.pth");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const char before = whole[at];
    for (const int flip : {1, 0x80, 0xff}) {
      whole[at] = static_cast<char>(before ^ flip);
      try {
        read_state_dict(std::as_bytes(std::span(whole)), "x.pth");
      } catch (const CheckpointError&) {  // what is expected of most; anything else fails the test
      }
    }
    whole[at] = before;
  }
  const std::size_t data = whole.find(std::string("\0\0\x80\x3f", 4));  // the tensor's second value, 1.0f
  ASSERT_NE(data, std::string::npos);
  whole[data + 2] = '\x01';
  write_file(scratch / "changed.pth", whole);
  EXPECT_THAT(refusal(scratch / "changed.pth"), AllOf(HasSubstr("data/0 is damaged"), HasSubstr("CRC")));
}

TEST(StateDict, ClassNamesStayWithTheWeightsAndPythonReadsThem) {
  const TemporaryFolder scratch;
  const StateDict state{make<float>("w", DType::float32, {2}, {1, 2})};
  const std::vector<std::string> names{"air plane", "Käfer", "", "a,b"};
  write_state_dict(scratch / "x.pth", state, names);
  EXPECT_EQ(read_checkpoint(scratch / "x.pth").class_names, names);
  write_state_dict(scratch / "none.pth", state);
  EXPECT_THAT(read_checkpoint(scratch / "none.pth").class_names, IsEmpty());
  run_python({"-c",
              "import sys, torch\nm = torch.nn.Module()\nm.w = torch.nn.Parameter(torch.zeros(2))\n"
              "m.load_state_dict(torch.load(sys.argv[1]), strict=True)\nassert m.w.tolist() == [1, 2]",
              scratch / "x.pth"});
}

TEST(StateDict, PythonReadsWhatIsWritten) {
  const TemporaryFolder scratch;
  const StateDict state{make<float>("conv.weight", DType::float32, {2, 3}, {1, 2, 3, 4, 5, 6}),
                        make<std::int64_t>("bn.num_batches_tracked", DType::int64, {}, {78'200}),
                        make<double>("d", DType::float64, {1}, {0.1}),
                        make<std::uint16_t>("half", DType::float16, {2}, {0x3c00, 0x4000}),
                        make<std::uint16_t>("b", DType::bfloat16, {1}, {0x3f80}),
                        make<std::int32_t>("i", DType::int32, {1}, {-7}),
                        make<std::int16_t>("s", DType::int16, {1}, {-300}),
                        make<std::int8_t>("c", DType::int8, {1}, {-3}),
                        make<std::uint8_t>("u", DType::uint8, {2, 1, 2}, {1, 2, 3, 255}),
                        make<std::uint8_t>("flag", DType::boolean, {2}, {0, 1}),
                        make<float>("empty", DType::float32, {0, 4}, {})};
  write_state_dict(scratch / "x.pth", state);
  const std::string seen =
      run_python({"-c",
                  "import sys, torch\nfor only in (False, True):\n  d = torch.load(sys.argv[1], weights_only=only)\n"
                  "  print(type(d).__name__)\n"
                  "  for k, v in d.items(): print(k, v.dtype, list(v.shape), v.flatten().tolist(), v.requires_grad)",
                  scratch / "x.pth"});
  const std::string once =
      "OrderedDict\nconv.weight torch.float32 [2, 3] [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] False\n"
      "bn.num_batches_tracked torch.int64 [] [78200] False\nd torch.float64 [1] [0.1] False\n"
      "half torch.float16 [2] [1.0, 2.0] False\nb torch.bfloat16 [1] [1.0] False\ni torch.int32 [1] [-7] False\n"
      "s torch.int16 [1] [-300] False\nc torch.int8 [1] [-3] False\nu torch.uint8 [2, 1, 2] [1, 2, 3, 255] False\n"
      "flag torch.bool [2] [False, True] False\nempty torch.float32 [0, 4] [] False\n";
  EXPECT_EQ(seen, once + once);

  const StateDict again = read_state_dict(scratch / "x.pth");
  ASSERT_EQ(again.size(), state.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    EXPECT_EQ(again[i].name, state[i].name);
    EXPECT_EQ(again[i].dtype, state[i].dtype);
    EXPECT_EQ(again[i].shape, state[i].shape);
    EXPECT_EQ(again[i].bytes, state[i].bytes);
  }
}

TEST(StateDict, WritingReplacesTheFileAndLeavesNothingBeside) {
  const TemporaryFolder scratch;
  write_file(scratch / "x.pth", "old");
  const StateDict state{make<float>("w", DType::float32, {1}, {1})};
  write_state_dict(scratch / "x.pth", state);
  write_state_dict(scratch / "y.pth", state);
  EXPECT_EQ(content(scratch / "x.pth"), content(scratch / "y.pth"));  // no time, no random name in it
  const auto count = std::distance(std::filesystem::directory_iterator(scratch / ""), std::filesystem::directory_iterator());
  EXPECT_EQ(count, 2);
}

TEST(StateDict, AFailedWriteSaysWhyAndLeavesTheOldFile) {
  const TemporaryFolder scratch;
  EXPECT_THROW(write_state_dict(scratch / "absent/x.pth", StateDict{}), CheckpointError);
  write_file(scratch / "x.pth", "old");
  EXPECT_THROW(write_state_dict(scratch / "x.pth", {make<float>("w", DType::float32, {2}, {1})}), CheckpointError);
  const auto w = make<float>("w", DType::float32, {1}, {1});
  EXPECT_THROW(write_state_dict(scratch / "x.pth", {w, w}), CheckpointError);
  EXPECT_THROW(write_state_dict(scratch / "x.pth", {make<float>("w", DType::float32, {-1, -1}, {1})}), CheckpointError);
  EXPECT_EQ(content(scratch / "x.pth"), "old");
}

}  // namespace
}  // namespace tbft::models
