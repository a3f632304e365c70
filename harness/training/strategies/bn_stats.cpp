#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

class BnStats final : public Strategy {
 public:
  BnStats() : Strategy("bn-stats", "only BatchNorm running statistics, no gradient") {}
  bool has_epochs() const override { return true; }
  std::string batchnorm(const std::string&) const override { return "train"; }
};

}  // namespace

const Strategy& bn_stats() {
  static const BnStats strategy;
  return strategy;
}

}  // namespace tbft::strategy
