#include "harness/step_cost/operation_recorder.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/record_function.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <chrono>

namespace tbft {

namespace {

using SteadyClock = std::chrono::steady_clock;

// libtorch's callbacks are plain functions, so their state lies in the thread's debug info. Autograd passes it to the threads
// of a backward pass. The slot meant for tests is free.
constexpr auto slot = c10::DebugInfoKind::TEST_INFO;

struct State : c10::DebugInfoBase {
  RecordedTimes times;
  int depth = 0;
  SteadyClock::time_point began;
};

State* state() {
  return static_cast<State*>(c10::ThreadLocalDebugInfo::get(slot));
}

// The gradient of a fused block is one autograd node; the operations that it calls are recorded separately (models/fused.cpp).
bool is_frame(const at::RecordFunction& function) {
  return std::string_view(function.name()).find("BasicBlockFunction") != std::string_view::npos;
}

std::unique_ptr<at::ObserverContext> on_begin(const at::RecordFunction& function) {
  if (State* s = state(); s != nullptr && !is_frame(function) && s->depth++ == 0) s->began = SteadyClock::now();
  return nullptr;
}

// An operation may call others; only the outermost one is timed.
void on_end(const at::RecordFunction& function, at::ObserverContext*) {
  State* s = state();
  if (s == nullptr || is_frame(function) || --s->depth > 0) return;
  const double elapsed_s = std::chrono::duration<double>(SteadyClock::now() - s->began).count();
  if (const auto member = recorded_as(function.name())) s->times.*member += elapsed_s;
}

}  // namespace

double RecordedTimes::*recorded_as(std::string_view name) {
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (has("AccumulateGrad")) return nullptr;
  if (has("convolution_backward")) return &RecordedTimes::convolution_backward;
  if (has("batch_norm_relu_backward") || has("BatchNormRelu")) return &RecordedTimes::batchnorm_backward;
  if (has("batch_norm_relu")) return &RecordedTimes::batchnorm_forward;
  if (has("LinearFunction")) return &RecordedTimes::products_backward;
  if (has("Backward")) {
    if (has("Convolution")) return &RecordedTimes::convolution_backward;
    if (has("BatchNorm")) return &RecordedTimes::batchnorm_backward;
    // A linear layer is an addmm or mm with a transposed weight, attention two bmm.
    for (const std::string_view product :
         {"AddmmBackward", "MmBackward", "BmmBackward", "BaddbmmBackward", "ScaledDotProduct", " TBackward"})
      if (has(product)) return &RecordedTimes::products_backward;
    return &RecordedTimes::elementwise;
  }
  for (const std::string_view product : {"convolution", "aten::conv", "aten::linear", "tbft::linear", "aten::matmul",
                                         "aten::addmm", "aten::mm", "aten::bmm", "aten::baddbmm", "scaled_dot_product"})
    if (has(product)) return &RecordedTimes::forward;
  if (has("aten::batch_norm")) return &RecordedTimes::batchnorm_forward;
  return &RecordedTimes::elementwise;
}

struct OperationRecorder::Impl {
  std::shared_ptr<State> state = std::make_shared<State>();
  c10::DebugInfoGuard guard{slot, state};
  // Not the scope that torch's interpreter opens around a stage of a TorchScript file: the operations inside are the outermost.
  at::CallbackHandle handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(on_begin, on_end).scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));

  Impl() = default;
  ~Impl() { at::removeCallback(handle); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

OperationRecorder::OperationRecorder() : impl_(std::make_unique<Impl>()) {}
OperationRecorder::~OperationRecorder() = default;

const RecordedTimes& OperationRecorder::times() const {
  return impl_->state->times;
}

}  // namespace tbft
