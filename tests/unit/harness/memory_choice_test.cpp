// The memory that a run needs by the model, and what memory_limit makes of it.
#include "harness/sweep/memory_choice.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "harness/host/usage_error.h"
#include "harness/training/memory_model.h"
#include "models/cost.h"
#include "models/families/family.h"
#include "tests/support/message_of.h"

namespace tbft {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t MiB = std::int64_t{1} << 20;

models::Architecture paper(int pixels = 32) {
  return models::describe({.pixels = pixels});
}

std::int64_t bytes_of(const models::Architecture& network, const char* strategy, const MemoryNeed& need) {
  return peak_memory(network, find_strategy(strategy), need).total();
}

// 4 MiB of the first maps, but a quarter of the weights where that is more; of a later stage's small inputs more, up to a
// limit.
TEST(EvaluationBatch, FollowsTheMapsAndTheWeights) {
  const auto network = paper();
  EXPECT_EQ(evaluation_batch(network, 0), (4 * MiB) / (4 * 16 * 32 * 32));
  EXPECT_EQ(evaluation_batch(network, 3), (4 * MiB) / (4 * 64 * 8 * 8));
  EXPECT_EQ(evaluation_batch(network, 4), 2000);
  const auto large = models::describe({.depth = 18, .classes = 10, .pixels = 32, .family = "resnet", .variant = "small-stem"});
  EXPECT_EQ(evaluation_batch(large, 0), models::parameter_count(large) / 4 / (64 * 32 * 32));
  EXPECT_GT(evaluation_batch(large, 0), 16);
}

// Cut behind its pooling, as a network with `features` and `classifier`.
TEST(EvaluationBatch, FollowsTheLargestMapWithinAStageOfATorchScriptFile) {
  models::Architecture network;
  network.spec.family = models::torchscript_network;
  network.stages = {{.block = "block1", .output_values = 512}, {.block = "fc", .output_values = 10}};
  network.layers = {{.name = "features.0",
                     .stage = 0,
                     .input_values = 3 * 224 * 224,
                     .convolution = {.in = 3, .out = 64, .kernel = 7, .stride = 2, .side = 224, .padding = 3}},
                    {.name = "features.1", .kind = models::Layer::Kind::batchnorm, .stage = 0, .input_values = 64 * 112 * 112},
                    {.name = "classifier", .kind = models::Layer::Kind::linear, .stage = 1, .input_values = 512}};
  EXPECT_EQ(evaluation_batch(network, 0), 1);
  EXPECT_EQ(evaluation_batch(network, 1), 2000);
}

// Half of an evaluation's at most, whatever the size of the images: its maps are contiguous, and torch's operations copy them.
TEST(DiagnosisBatch, FollowsTheMaps) {
  EXPECT_EQ(diagnosis_batch(paper()), 32);
  EXPECT_EQ(diagnosis_batch(paper(128)), 2);
  EXPECT_EQ(diagnosis_batch(paper(512)), 1);
  EXPECT_EQ(diagnosis_batch(models::describe({.depth = 26, .width = 64})), 100) << "a stop waits for no more";
}

TEST(PeakMemory, GrowsWithWhatIsTunedAndWithTheBatch) {
  const auto network = paper();
  const MemoryNeed need{.batch = 128, .n_train = 1000};
  EXPECT_LT(bytes_of(network, "none", need), bytes_of(network, "fc", need));
  EXPECT_LT(bytes_of(network, "fc", need), bytes_of(network, "block3", need));
  EXPECT_LT(bytes_of(network, "block3", need), bytes_of(network, "full", need));
  EXPECT_LT(bytes_of(network, "full", {.batch = 64, .n_train = 1000}), bytes_of(network, "full", need));
  EXPECT_EQ(bytes_of(network, "none", {.batch = 64, .n_train = 1000}), bytes_of(network, "none", need));
}

// A lower bound that holds whatever the rest of the model is.
TEST(PeakMemory, HoldsTheSavedActivationsOfTheBatchAndTheImages) {
  for (const auto* family : models::families()) {
    const auto network = models::describe(family->usual);
    for (const auto* strategy : strategies_for(network)) {
      if (!strategy->uses_gradient() || !strategy->has_plain_step()) continue;
      const auto peak = peak_memory(network, *strategy, {.batch = 32, .n_train = 100, .images_bytes = 7 * MiB});
      EXPECT_GT(peak.step, 32 * models::saved_activation_bytes(network, strategy->tuned)) << family->name << strategy->name;
      EXPECT_EQ(peak.images, 7 * MiB);
      EXPECT_EQ(peak.cache, 0);
    }
  }
}

TEST(PeakMemory, AStepHasNoMoreImagesThanThereAre) {
  const auto network = paper();
  EXPECT_EQ(bytes_of(network, "full", {.batch = 128, .n_train = 40}), bytes_of(network, "full", {.batch = 40, .n_train = 40}));
}

TEST(PeakMemory, CountsTheOptimisersStateAndTheLayoutsCopies) {
  const auto network = paper();
  const MemoryNeed need{.batch = 8, .n_train = 1000};
  auto adam = need;
  adam.optimizer = "adam";
  EXPECT_EQ(bytes_of(network, "full", adam) - bytes_of(network, "full", need), 4 * models::parameter_count(network));
  auto contiguous = need;
  contiguous.layout = "contiguous";
  EXPECT_GT(bytes_of(network, "full", contiguous), bytes_of(network, "full", need));
}

TEST(PeakMemory, KeepsTheOutputsBeforeTheFirstTunedStageOfTrainingAndValidation) {
  const auto network = paper();
  MemoryNeed need{.batch = 8, .n_train = 1000, .n_val = 500, .cache = "fp32"};
  const auto fc = peak_memory(network, find_strategy("fc"), need);
  const auto stage = network.first_trained_stage(find_strategy("fc").tuned);
  EXPECT_EQ(fc.cache, std::int64_t{1500} * 4 * network.stages.at(static_cast<std::size_t>(stage - 1)).output_values);
  EXPECT_EQ(peak_memory(network, find_strategy("full"), need).cache, 0);
  need.cache = "bf16";
  EXPECT_EQ(peak_memory(network, find_strategy("fc"), need).cache, fc.cache / 2);
}

TEST(PeakMemory, AStrategyThatChoosesNeedsAtLeastWhatFullNeeds) {
  const MemoryNeed need{.batch = 32, .n_train = 1000};
  for (const char* name : {"auto-rgn", "elastic", "diagnosed"})
    EXPECT_GE(bytes_of(paper(), name, need), bytes_of(paper(), "full", need)) << name;
}

TEST(PeakMemory, CountsTheImagesOfAProbe) {
  const MemoryNeed need{.batch = 32, .n_train = 1000};
  for (const char* name : {"auto-rgn", "elastic", "rgn-top1"})
    EXPECT_GT(peak_memory(paper(), find_strategy(name), need).step,
              peak_memory(paper(), find_strategy("full"), need).step + std::int64_t{5} * 32 * 4 * 3 * 32 * 32)
        << name;
}

class FitToMemory : public testing::Test {
 protected:
  // Of a run with these strategies, 1,000 training and 500 validation images.
  MemoryChoice fit(const std::vector<const char*>& strategies) {
    std::vector<MemoryCells> cells;
    cells.reserve(strategies.size());
    for (const char* name : strategies) cells.push_back({&find_strategy(name), 1000, 500, point_batch});
    return fit_to_memory(settings, network, cells, 0);
  }
  std::string refusal(const std::vector<const char*>& strategies) {
    return message_of<UsageError>([&] { fit(strategies); });
  }
  std::int64_t bytes(const char* strategy, std::int64_t batch, const char* cache = "off") const {
    return bytes_of(network, strategy, {.batch = batch, .n_train = 1000, .n_val = 500, .cache = cache});
  }
  void limit(std::int64_t limit_bytes) { settings.memory_limit = fmt::format("{}MiB", (limit_bytes + MiB - 1) / MiB); }

  Settings settings{.data = {.dataset = "synthetic", .path = "synthetic:"}};
  models::Architecture network = paper(128);
  std::int64_t point_batch = 0;
};

TEST_F(FitToMemory, ChangesNothingThatFits) {
  limit(bytes("full", 128));
  const auto choice = fit({"fc", "full"});
  EXPECT_EQ(choice.settings.train.batch, 128);
  EXPECT_FALSE(choice.keeps_none);
  EXPECT_EQ(choice.warm_up, "full");
  EXPECT_EQ(choice.needed_bytes, bytes("full", 128));
  EXPECT_THAT(choice.notes, ElementsAre(AllOf(StartsWith("memory_limit "), HasSubstr("full with 128 images per step"),
                                              HasSubstr(MiB_text(bytes("full", 128))))));
}

TEST_F(FitToMemory, FirstKeepsNoOutputsOfFrozenBlocks) {
  settings.protocol = "efficient";
  limit(bytes("block3", 128, "fp32") - 2 * MiB);
  const auto choice = fit({"block3"});
  EXPECT_TRUE(choice.keeps_none);
  EXPECT_EQ(choice.settings.train.batch, 128);
  EXPECT_EQ(choice.settings.train.cache, "auto") << "the setting is declared: cell ids rest on it";
  limit(bytes("block3", 128, "fp32"));
  EXPECT_FALSE(fit({"block3"}).keeps_none);
}

// Without the rounding of bf16 the same cells would have other accuracies.
TEST_F(FitToMemory, DropsNoOutputsThatAreRounded) {
  settings.protocol = "efficient";
  settings.train.cache = "bf16";
  limit(bytes("block3", 64, "bf16"));
  const auto choice = fit({"block3"});
  EXPECT_FALSE(choice.keeps_none);
  EXPECT_EQ(choice.settings.train.batch, 64);
  EXPECT_EQ(choice.needed_bytes, bytes("block3", 64, "bf16"));
}

TEST_F(FitToMemory, TakesTheLargestPowerOfTwoThatFits) {
  limit(bytes("full", 20));
  const auto choice = fit({"fc", "full"});
  EXPECT_EQ(choice.settings.train.batch, 16);
  EXPECT_EQ(choice.needed_bytes, bytes("full", 16));
  EXPECT_THAT(choice.notes.front(), AllOf(HasSubstr("train.batch = 16"), HasSubstr(MiB_text(bytes("full", 128)))));
  limit(bytes("full", 16));
  EXPECT_EQ(fit({"full"}).settings.train.batch, 16);
  limit(bytes("full", 16) - MiB);
  EXPECT_EQ(fit({"full"}).settings.train.batch, 8);
}

TEST_F(FitToMemory, RefusesADeclaredBatchWithTheFigureAndWhatWouldFit) {
  settings.declared.insert("train.batch");
  limit(bytes("full", 20));
  EXPECT_THAT(refusal({"full"}),
              AllOf(StartsWith("memory_limit " + settings.memory_limit), HasSubstr("full with 128 images per step"),
                    HasSubstr(MiB_text(bytes("full", 128))), HasSubstr("--set train.batch=16")));
}

TEST_F(FitToMemory, RefusesABatchOfTheSweepThatDoesNotFit) {
  point_batch = 64;
  limit(bytes("full", 20));
  EXPECT_THAT(refusal({"full"}), AllOf(HasSubstr("full with 64 images per step"), HasSubstr(MiB_text(bytes("full", 64))),
                                       HasSubstr("leave out that batch")));
}

TEST_F(FitToMemory, RefusesWhatNotEvenOneImageFitsInto) {
  limit(50 * MiB);
  EXPECT_THAT(refusal({"fc"}), AllOf(HasSubstr("fc with 1 image per step"), HasSubstr("program and libtorch")));
}

TEST_F(FitToMemory, WarmsUpWithFcWhereFullDoesNotFit) {
  limit(bytes("fc", 128));
  const auto choice = fit({"fc"});
  EXPECT_EQ(choice.settings.train.batch, 128);
  EXPECT_EQ(choice.warm_up, "fc");
}

TEST(ParseSize, TakesUnitsAndNothingElse) {
  EXPECT_EQ(parse_size("x", "512MiB"), 512 * MiB);
  EXPECT_EQ(parse_size("x", "2 GB"), 2'000'000'000);
  EXPECT_EQ(parse_size("x", "1.5GiB"), 1536 * MiB);
  EXPECT_EQ(parse_size("x", "3MB"), 3'000'000);
  for (const char* text : {"", "512", "MiB", "-1MiB", "0MB", "1TiB", "1MiB2", "1MiB x", "nanMiB", "1e99GB", "512mib"})
    EXPECT_THAT(message_of<UsageError>([&] { parse_size("memory_limit", text); }),
                AllOf(StartsWith("memory_limit: "), HasSubstr("512MiB")))
        << text;
}

}  // namespace
}  // namespace tbft
