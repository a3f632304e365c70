#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

class L1Sp final : public Strategy {
 public:
  L1Sp()
      : Strategy("l1-sp", "every parameter, with an L1 penalty on its distance from the start (Li et al., ICML 2018)",
                 {.everything = true}) {}
  Objective objective() const override { return {.l1_sp = 1e-3}; }
  bool has_plain_step() const override { return false; }
};

}  // namespace

const Strategy& l1_sp() {
  static const L1Sp strategy;
  return strategy;
}

}  // namespace tbft::strategy
