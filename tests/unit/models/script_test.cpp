// One's own network: TorchScript files that Python exports, beside what Python makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "models/cost.h"
#include "models/families/family.h"
#include "models/network.h"
#include "tests/support/message_of.h"
#include "tests/unit/models/files.h"
#include "tests/unit/models/tensors.h"

namespace tbft::models {
namespace {

using tbft::test::message_of;
using ::testing::AllOf;
using testing::distance;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_tensors;
using testing::TemporaryFolder;

const BlockTable chain{{"block1", {"stem.*"}}, {"block2", {"body.*"}}, {"fc", {"head.*"}}};
const BlockTable branches{{"block1", {"stem.*"}}, {"block2", {"body.*"}}, {"block3", {"other.*"}}, {"fc", {"head.*"}}};
const BlockTable lists{{"block1", {"one.*"}}, {"block2", {"two.*"}}, {"fc", {"head.*"}}};
const BlockTable attention{{"block1", {"embed.*", "place"}}, {"block2", {"norm.*", "qkv.*", "proj.*"}}, {"fc", {"head.*"}}};
const BlockTable preact{{"block1", {"conv1.*", "layer1.*"}},
                        {"block2", {"layer2.*"}},
                        {"block3", {"layer3.*"}},
                        {"none", {"bn.*"}},
                        {"fc", {"fc.*"}}};

class Script : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    testing::run_python({TBFT_SOURCE_DIR "/tests/unit/models/scripts.py", "all", folder_->path().string()});
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static NetworkFile file(const std::string& name, const BlockTable& blocks) {
    return {.path = folder_->path() / (name + ".pt"),
            .network = std::string(torchscript_network),
            .blocks = blocks,
            .allow_script = true};
  }
  static NetworkPtr open(const std::string& name, const BlockTable& blocks) { return open_network(file(name, blocks)).network; }
  static std::string refusal(const NetworkFile& what) {
    return message_of<CheckpointError>([&] { open_network(what); });
  }
  static std::vector<std::string> blocks_of_stages(const Network& network) {
    std::vector<std::string> blocks;
    for (const Stage& stage : network.architecture().stages) blocks.push_back(stage.block + (stage.merged ? "+" : ""));
    return blocks;
  }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> Script::folder_;

TEST_F(Script, WithoutPermissionNothingOfTheFileRuns) {
  auto marking = file("Marking", chain);
  marking.allow_script = false;
  EXPECT_THAT(refusal(marking), AllOf(HasSubstr("Marking.pt"), HasSubstr("--allow-script")));
  marking.network.clear();  // it is then read as a checkpoint
  EXPECT_THAT(refusal(marking), AllOf(HasSubstr("model.network = \"torchscript\""), HasSubstr("--allow-script")));
  marking.path = folder_->path() / "missing.pt";
  marking.network = torchscript_network;
  EXPECT_THAT(refusal(marking), HasSubstr("--allow-script")) << "the file is not even looked for";
  EXPECT_FALSE(std::filesystem::exists(folder_->path() / "loaded"));
  EXPECT_FALSE(std::filesystem::exists(folder_->path() / "run"));
  open("Marking", chain);  // the marks are real
  EXPECT_TRUE(std::filesystem::exists(folder_->path() / "loaded"));
  EXPECT_TRUE(std::filesystem::exists(folder_->path() / "run"));
}

TEST_F(Script, LogitsGradientsAndStatisticsAreThoseOfPython) {
  const std::pair<const char*, BlockTable> all[]{{"Chain", chain},   {"Branches", branches},   {"Lists", lists},
                                                 {"Folding", chain}, {"Attention", attention}, {"Preact", preact}};
  for (const auto& [name, blocks] : all) {
    SCOPED_TRACE(name);
    const NetworkPtr network = open(name, blocks);
    const auto seen = read_tensors(folder_->path() / (std::string(name) + ".seen.pth"));
    network->eval();
    EXPECT_LT(distance(network->forward(seen.at("input")), seen.at("eval")), 1e-5);
    network->train();
    const torch::Tensor logits = network->forward(seen.at("input"));
    EXPECT_LT(distance(logits, seen.at("train")), 1e-5);
    torch::nn::functional::cross_entropy(logits, seen.at("labels")).backward();
    for (const auto& parameter : network->named_parameters())
      EXPECT_LT(distance(parameter.value().grad(), seen.at("grad." + parameter.key())), 1e-5) << parameter.key();
    for (const auto& buffer : network->named_buffers())
      EXPECT_LT(distance(buffer.value(), seen.at("after." + buffer.key())), 1e-5) << buffer.key();
  }
}

TEST_F(Script, BlocksThatFollowEachOtherAreStages) {
  EXPECT_THAT(blocks_of_stages(*open("Chain", chain)), ElementsAre("block1", "block2", "fc"));
  EXPECT_THAT(blocks_of_stages(*open("Attention", attention)), ElementsAre("block1", "block2", "fc"));
  EXPECT_THAT(blocks_of_stages(*open("Preact", preact)), ElementsAre("block1", "block2", "block3", "", "fc"));
  const NetworkPtr network = open("Chain", chain);
  EXPECT_THAT(network->architecture().blocks(), ElementsAre("block1", "block2", "fc"));
  EXPECT_EQ(network->architecture().stages[0].output_values, 8 * 16 * 16);
  EXPECT_EQ(network->architecture().stages[1].output_values, 12) << "behind the mean, where it is smallest";
  EXPECT_EQ(network->architecture().spec.classes, 5);
}

TEST_F(Script, ForwardFromAStageIsTheForwardPass) {
  const std::pair<const char*, BlockTable> all[]{
      {"Chain", chain}, {"Branches", branches}, {"Lists", lists}, {"Folding", chain}, {"Preact", preact}};
  const torch::NoGradGuard no_grad;
  for (const auto& [name, blocks] : all) {
    SCOPED_TRACE(name);
    const NetworkPtr network = open(name, blocks);
    network->eval();
    torch::Tensor x = torch::randn({4, 3, 32, 32});
    const torch::Tensor logits = network->forward(x.clone());
    for (int stage = 0; stage < std::ssize(network->architecture().stages); ++stage) {
      EXPECT_EQ(distance(network->forward_from(stage, x.clone()), logits), 0) << stage;
      x = network->forward_stage(stage, x.clone());
      EXPECT_EQ(x.size(0), 4) << stage;
      EXPECT_EQ(x.numel() / 4, network->architecture().stages[static_cast<std::size_t>(stage)].output_values) << stage;
    }
  }
}

TEST_F(Script, BlocksThatCannotBeSeparatedShareAStageAndSaySo) {
  const auto opened = open_network(file("Branches", branches));
  EXPECT_THAT(blocks_of_stages(*opened.network), ElementsAre("block1", "block2+", "block3", "fc"));
  EXPECT_THAT(opened.network->architecture().shared_stages(), ElementsAre("block2 and block3"));
  EXPECT_THAT(opened.note, HasSubstr("block2 and block3 could not be separated"));
  EXPECT_EQ(opened.network->architecture().first_trained_stage({.blocks = {"block3"}}), 1) << "where the shared work begins";
  EXPECT_EQ(opened.network->architecture().first_trained_stage({.blocks = {"fc"}}), 3);
  EXPECT_THAT(blocks_of_stages(*open("Lists", lists)), ElementsAre("block1+", "block2", "fc"));
  EXPECT_THAT(open_network(file("Chain", chain)).network->architecture().shared_stages(), IsEmpty());
}

TEST_F(Script, BatchNormOfOneBlockAloneTrains) {
  const NetworkPtr network = open("Chain", chain);
  network->eval();
  (*network->named_modules().find("body.1"))->train(true);
  const auto before = state_of(*network);
  const torch::NoGradGuard no_grad;
  network->forward(torch::randn({4, 3, 32, 32}));
  const auto after = state_of(*network);
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before[i].bytes != after[i].bytes,
              before[i].name.starts_with("body.1.running") || before[i].name == "body.1.num_batches_tracked")
        << before[i].name;
}

// Its mode is set by the module of its statistics.
TEST_F(Script, ABatchNormWhoseWeightIsNotCalledSoIsOne) {
  const NetworkPtr network = open("OtherNames", chain);
  const auto& layers = network->architecture().layers;
  const auto found = std::ranges::find(layers, "body.1", &Layer::name);
  ASSERT_NE(found, layers.end());
  EXPECT_EQ(found->kind, Layer::Kind::batchnorm);
  EXPECT_EQ(found->weight_name(), "body.1.gamma");
  EXPECT_NE(network->named_modules().find(found->name), nullptr);
  EXPECT_TRUE(network->architecture().normalises("body.1.beta"));
}

TEST_F(Script, AParameterInNoBlockOrInTwoIsNamed) {
  auto table = branches;
  table.erase("block3");
  EXPECT_THAT(refusal(file("Branches", table)), HasSubstr("the parameter other.0.weight is in no block"));
  table = branches;
  table["block3"].emplace_back("body.1.*");
  EXPECT_THAT(refusal(file("Branches", table)), HasSubstr("body.1.weight is in block2 and in block3"));
  table = branches;
  table["block3"].emplace_back("layer9.*");
  EXPECT_THAT(refusal(file("Branches", table)), HasSubstr("'layer9.*' of block3 matches no parameter"));
}

TEST_F(Script, ATableAgainstTheForwardPassIsRefused) {
  EXPECT_THAT(refusal(file("Chain", {{"block1", {"body.*"}}, {"block2", {"stem.*"}}, {"fc", {"head.*"}}})),
              HasSubstr("block2 runs before block1"));
  EXPECT_THAT(refusal(file("Chain", {{"block1", {"stem.*"}}, {"block2", {"body.*", "head.*"}}, {"fc", {}}})),
              HasSubstr("the forward pass uses no parameter of fc"));
  EXPECT_THAT(refusal(file("Chain", {{"block1", {"stem.*"}}, {"fc", {"body.*"}}, {"none", {"head.*"}}})),
              HasSubstr("head gives the logits, so it must be in fc"));
}

TEST_F(Script, AFixedModeIsRefusedWithTheWayOut) {
  EXPECT_THAT(refusal(file("traced", chain)),
              AllOf(HasSubstr("the mode of its BatchNorm is fixed"), HasSubstr("torch.jit.script")));
  EXPECT_THAT(refusal(file("frozen", chain)), HasSubstr("torch.jit.script"));
}

TEST_F(Script, WhatIsNoClassifierOfImagesIsRefused) {
  EXPECT_THAT(refusal(file("Two", chain)), HasSubstr("it must return the logits"));
  EXPECT_THAT(refusal(file("Tied", {{"block1", {"stem.*"}}, {"block2", {"body.*"}}, {"fc", {"head*"}}})),
              HasSubstr("head.weight and head2.weight are one tensor"));
  auto other_size = file("Viewing", chain);
  EXPECT_EQ(open_network(other_size).network->architecture().spec.pixels, 32);
  other_size.pixels = 64;
  EXPECT_THAT(refusal(other_size),
              AllOf(HasSubstr("fails with 2 images of 64x64 (model.pixels)"), HasSubstr("shapes cannot be multiplied")));
  std::ofstream(folder_->path() / "text.pt") << "no archive";
  EXPECT_THAT(refusal(file("text", chain)), HasSubstr("not a TorchScript file"));
  EXPECT_THAT(refusal(file("missing", chain)), HasSubstr("No such file"));
}

TEST_F(Script, AWeightThatIsNotFiniteIsRefusedAndAnInfiniteMaskIsNot) {
  for (const std::string& name : {std::string("body.0.weight"), std::string("body.1.running_var")})
    EXPECT_THAT(refusal(file(name, chain)), HasSubstr(name + " holds a number that is not finite"));
  EXPECT_EQ(open("Masked", chain)->architecture().spec.classes, 5);
}

// The mode of the whole network would be its mode, whatever train.batchnorm says.
TEST_F(Script, ABatchNormBesideTheModulesIsRefused) {
  auto table = chain;
  table["block1"].emplace_back("running_*");
  EXPECT_THAT(refusal(file("Bare", table)), HasSubstr("running_mean belongs to a BatchNorm that is no module of its own"));
}

TEST_F(Script, ThePapersNetworkCostsWhatTheBuiltInFamilyDoes) {
  const NetworkPtr network = open("Preact26", preact);
  const Architecture& own = network->architecture();
  const Architecture family = describe({});
  ASSERT_EQ(own.layers.size(), family.layers.size());
  for (std::size_t i = 0; i < family.layers.size(); ++i) {
    EXPECT_EQ(own.layers[i].name, family.layers[i].name);
    EXPECT_EQ(own.layers[i].kind, family.layers[i].kind) << family.layers[i].name;
    EXPECT_EQ(own.layers[i].stage, family.layers[i].stage) << family.layers[i].name;
    EXPECT_EQ(own.layers[i].macs, family.layers[i].macs) << family.layers[i].name;
    EXPECT_EQ(own.layers[i].input_values, family.layers[i].input_values) << family.layers[i].name;
    EXPECT_EQ(own.layers[i].kept_output_values, family.layers[i].kept_output_values) << family.layers[i].name;
  }
  ASSERT_EQ(own.tensors.size(), family.tensors.size());
  for (std::size_t i = 0; i < family.tensors.size(); ++i) {
    EXPECT_EQ(own.tensors[i].name, family.tensors[i].name);
    EXPECT_EQ(own.tensors[i].stage, family.tensors[i].stage) << family.tensors[i].name;
    EXPECT_EQ(own.tensors[i].normalises, family.tensors[i].normalises) << family.tensors[i].name;
    EXPECT_EQ(own.tensors[i].is_counter, family.tensors[i].is_counter) << family.tensors[i].name;
  }
  for (const auto& [block, saving] : {std::pair("block1", 21.6), {"block2", 34.1}, {"block3", 45.0}, {"fc", 66.6}})
    EXPECT_NEAR(saving_pct(own, {.blocks = {block}}), saving, 0.05) << block;
}

TEST_F(Script, ProductsOfAttentionAreCounted) {
  const NetworkPtr network = open("Attention", attention);
  const Architecture& own = network->architecture();
  std::vector<std::pair<std::string, std::int64_t>> macs;
  for (const Layer& layer : own.layers) macs.emplace_back(layer.name, layer.macs);
  EXPECT_THAT(macs, ElementsAre(std::pair("embed", 16 * 16 * 3 * 64), std::pair("norm", 0), std::pair("qkv", 16 * 16 * 48),
                                std::pair("qkv", 16 * 16 * 16), std::pair("qkv", 16 * 16 * 16), std::pair("proj", 16 * 16 * 16),
                                std::pair("head", 16 * 5)));
  EXPECT_EQ(own.layers[3].kind, Layer::Kind::attention);
  EXPECT_EQ(own.layers[1].kind, Layer::Kind::layernorm);
  EXPECT_FALSE(own.has(Layer::Kind::batchnorm));
  EXPECT_EQ(own.layers[3].input_values + own.layers[4].input_values, 3 * 16 * 16 + 16 * 16);
  EXPECT_EQ(parameter_count(own), 16 * 192 + 16 + 32 + 256 + 16 * 48 + 48 + 16 * 16 + 16 + 16 * 5 + 5);
}

TEST_F(Script, ItsWeightsAreAStateDictOfTheFamily) {
  const NetworkPtr own = open("Preact26", preact);
  const NetworkPtr family = make_network({});
  load(*family, state_of(*own));
  own->eval();
  family->eval();
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = torch::randn({2, 3, 32, 32});
  EXPECT_LT(distance(own->forward(x), family->forward(x)), 1e-5);
  StateDict zero = state_of(*own);
  for (NamedTensor& tensor : zero) std::ranges::fill(tensor.bytes, std::byte{0});
  load(*own, zero);
  EXPECT_EQ(own->forward(x).abs().max().item<float>(), 0) << "the program reads the weights that were loaded";
}

TEST_F(Script, NormalisationIsWhatTheUserSays) {
  auto own = file("Chain", chain);
  EXPECT_THAT(open_network(own).note, HasSubstr("model.mean and model.std"));
  EXPECT_EQ(open_network(own).network->architecture().normalisation.mean, (std::array{0.5F, 0.5F, 0.5F}));
  own.mean = {0.1F, 0.2F, 0.3F};
  own.deviation = {1, 2, 3};
  const auto opened = open_network(own);
  EXPECT_EQ(opened.network->architecture().normalisation.mean, *own.mean);
  EXPECT_EQ(opened.network->architecture().normalisation.deviation, *own.deviation);
  EXPECT_THAT(opened.note, IsEmpty());
}

}  // namespace
}  // namespace tbft::models
