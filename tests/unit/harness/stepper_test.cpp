#include "harness/step_cost/stepper.h"

#include <gtest/gtest.h>

#include <numeric>

#include "harness/step_cost/operation_recorder.h"
#include "models/families/family.h"
#include "tests/unit/models/files.h"

namespace tbft {
namespace {

Contender contender(std::string_view variant, std::string_view strategy) {
  return {variant, &find_strategy(strategy)};
}

TEST(Stepper, GivesTheOptimiserWhatTheContenderTrains) {
  const auto network = models::describe({});
  for (const auto& c : contenders({"none", "bn-stats", "block1", "block2", "block3", "fc"}, true)) {
    const Stepper stepper({}, c);
    EXPECT_EQ(stepper.trained_parameters(), models::parameter_count(network, c.trained(network)))
        << c.variant << "/" << c.strategy->name;
  }
}

TEST(Stepper, TellsEveryOperationThatAStrategyHasAndNoOther) {
  const auto times_of = [](const Contender& c) {
    Stepper stepper({}, c);
    stepper.step();
    return stepper.profiled_step(convolution_gradients({}, c));
  };
  auto full = times_of(contender("tbft", "full"));
  for (std::size_t i = 0; i < operation_names.size(); ++i) EXPECT_GT(full.seconds[i], 0) << operation_names[i];
  auto fc = times_of(contender("tbft", "fc"));
  EXPECT_GT(fc[Operation::weight_gradient], 0);
  EXPECT_EQ(fc[Operation::input_gradient], 0) << "nothing below fc wants a gradient";
  EXPECT_EQ(fc[Operation::batchnorm_backward], 0);
  auto none = times_of(contender("tbft", "none"));
  EXPECT_EQ(none[Operation::weight_gradient] + none[Operation::input_gradient] + none[Operation::optimiser], 0);
  EXPECT_GT(none[Operation::batchnorm_forward], 0);
}

TEST(Stepper, DividesTheGradientsOfLinearLayersByTheirMultiplications) {
  const StepperOptions vit{.spec = {.depth = 3, .family = "vit"}};
  Stepper stepper(vit, contender("tbft", "block3"));
  stepper.step();
  auto times = stepper.profiled_step(convolution_gradients(vit, contender("tbft", "block3")));
  EXPECT_GT(times[Operation::input_gradient], 0);
  EXPECT_GT(times[Operation::weight_gradient], 0) << "no convolution is trained, and not the head";
}

class ScriptStepper : public testing::Test {
 protected:
  // Of a network of tests/unit/models/scripts.py.
  OperationTimes times_of(const char* network, const char* strategy) const {
    const auto path = folder_.path() / "own.pt";
    models::testing::run_python({TBFT_SOURCE_DIR "/tests/unit/models/scripts.py", "one", network, path.string()});
    const StepperOptions options{
        .file = models::NetworkFile{.path = path,
                                    .network = std::string(models::torchscript_network),
                                    .blocks = {{"block1", {"stem.*"}}, {"block2", {"body.*"}}, {"fc", {"head.*"}}},
                                    .allow_script = true}};
    const auto own = contender("tbft", strategy);
    Stepper stepper(options, own);
    stepper.step();
    return stepper.profiled_step(convolution_gradients(options, own));
  }

  test::TemporaryFolder folder_;
};

TEST_F(ScriptStepper, TellsTheOperationsInsideOfItsStages) {
  const auto full = times_of("Chain", "full");
  for (std::size_t i = 0; i < operation_names.size(); ++i) EXPECT_GT(full.seconds[i], 0) << operation_names[i];
}

// Of the steps of block2 the classifier has no weight gradient: it is the convolution's, which is not measured alone.
TEST_F(ScriptStepper, DividesTheGradientsOfConvolutionsThatAreNotMeasuredByTheirMultiplications) {
  auto times = times_of("Oblong", "block2");
  EXPECT_GT(times[Operation::weight_gradient], 0);
  // The weight gradient of one convolution and the input gradient of the other have the same number of multiplications; the
  // head adds to the input gradients.
  times = times_of("Oblong", "block1");
  EXPECT_GE(times[Operation::input_gradient], times[Operation::weight_gradient]);
  // The only weight gradient is of a convolution that is not measured, the only input gradient of one that could be.
  times = times_of("OblongStem", "block1");
  EXPECT_GT(times[Operation::weight_gradient], 0);
}

TEST(ConvolutionGradients, AreOnesOfWhatIsReachedAndTrained) {
  const auto fc = convolution_gradients({}, contender("tbft", "fc"));
  EXPECT_EQ(fc.input + fc.weight, 0);
  const auto block3 = convolution_gradients({}, contender("tbft", "block3"));
  EXPECT_GT(block3.input, 0);
  EXPECT_GT(block3.weight, 0);
}

TEST(RecordedAs, KnowsTheNamesOfLibtorch) {
  EXPECT_EQ(recorded_as("aten::conv2d"), &RecordedTimes::forward);
  EXPECT_EQ(recorded_as("aten::linear"), &RecordedTimes::forward);
  for (const char* product : {"aten::matmul", "aten::addmm", "aten::bmm", "tbft::linear"})
    EXPECT_EQ(recorded_as(product), &RecordedTimes::forward) << product;
  EXPECT_EQ(recorded_as("aten::batch_norm"), &RecordedTimes::batchnorm_forward);
  EXPECT_EQ(recorded_as("aten::convolution"), &RecordedTimes::forward);
  EXPECT_EQ(recorded_as("aten::mkldnn_convolution"), &RecordedTimes::forward);
  EXPECT_EQ(recorded_as("tbft::convolution_backward"), &RecordedTimes::convolution_backward);
  EXPECT_EQ(recorded_as("aten::convolution_backward"), &RecordedTimes::convolution_backward);
  EXPECT_EQ(recorded_as("tbft::batch_norm_relu"), &RecordedTimes::batchnorm_forward);
  EXPECT_EQ(recorded_as("tbft::batch_norm_relu_backward"), &RecordedTimes::batchnorm_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: torch::autograd::CppNode<tbft::models::BatchNormReluFunction>"),
            &RecordedTimes::batchnorm_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: torch::autograd::CppNode<tbft::models::LinearFunction>"),
            &RecordedTimes::products_backward);
  EXPECT_EQ(recorded_as("tbft::residual"), &RecordedTimes::elementwise);
  EXPECT_EQ(recorded_as("aten::relu_"), &RecordedTimes::elementwise);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: ConvolutionBackward0"), &RecordedTimes::convolution_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: NativeBatchNormBackward0"), &RecordedTimes::batchnorm_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: AddmmBackward0"), &RecordedTimes::products_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: MmBackward0"), &RecordedTimes::products_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: BmmBackward0"), &RecordedTimes::products_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: TBackward0"), &RecordedTimes::products_backward);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: ReluBackward0"), &RecordedTimes::elementwise);
  EXPECT_EQ(recorded_as("autograd::engine::evaluate_function: torch::autograd::AccumulateGrad"), nullptr);
}

}  // namespace
}  // namespace tbft
