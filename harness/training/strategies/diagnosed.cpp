#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

// What it does stands above this room: adaptive/diagnosed.h.
class Diagnosed final : public Strategy {
 public:
  Diagnosed() : Strategy("diagnosed", "what a diagnosis of the drift names (tbft diagnose); needs model.reference") {}
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
