#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

// Its work is implemented in adaptive/diagnosed.h, which depends on this folder.
class Diagnosed final : public Strategy {
 public:
  Diagnosed()
      : Strategy("diagnosed", "the strategy that a diagnosis of the drift chooses (tbft diagnose); needs model.reference") {}
  bool becomes_another() const override { return true; }
  bool chooses() const override { return true; }
  bool uses_gradient() const override { return true; }
  bool has_plain_step() const override { return false; }
};

}  // namespace

const Strategy& diagnosed() {
  static const Diagnosed strategy;
  return strategy;
}

}  // namespace tbft::strategy
