#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

class None final : public Strategy {
 public:
  None() : Strategy("none", "the unchanged base model") {}
  bool adapts() const override { return false; }
};

}  // namespace

const Strategy& none() {
  static const None strategy;
  return strategy;
}

}  // namespace tbft::strategy
