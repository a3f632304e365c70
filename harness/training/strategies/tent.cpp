#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

class Tent final : public Strategy {
 public:
  Tent()
      : Strategy("tent",
                 "weights and biases of every BatchNorm, without labels, by the predictions' entropy (Wang et al., ICLR 2021)",
                 {.batchnorm = true}) {}
  Objective objective() const override { return {.labelled = false}; }
  bool has_plain_step() const override { return false; }
};

}  // namespace

const Strategy& tent() {
  static const Tent strategy;
  return strategy;
}

}  // namespace tbft::strategy
