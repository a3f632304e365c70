#include "harness/training/strategies/list.h"
#include "harness/training/strategies/tuning_session.h"

namespace tbft::strategy {
namespace {

class Relabel final : public Strategy {
 public:
  Relabel() : Strategy("relabel", "classes renamed by the labels, no gradient") {}
  void begin(TuningSession& session) const override { session.relabel(); }
  bool has_plain_step() const override { return false; }
  ExtraPasses extra_passes() const override { return {.training = 1}; }
};

class BnRelabel final : public Strategy {
 public:
  BnRelabel() : Strategy("bn-relabel", "bn-stats, then classes renamed by the labels; no gradient") {}
  void begin(TuningSession& session) const override { session.relabel(); }
  bool has_epochs() const override { return true; }
  std::string batchnorm(const std::string&) const override { return "train"; }
  // Renames again with the adapted BatchNorm, because the predictions of the drifted base model are a poor guide.
  bool finish(TuningSession& session) const override {
    session.relabel();
    return true;
  }
  bool has_plain_step() const override { return false; }
  ExtraPasses extra_passes() const override { return {.training = 2, .validation = 1}; }
};

}  // namespace

const Strategy& relabel() {
  static const Relabel strategy;
  return strategy;
}

const Strategy& bn_relabel() {
  static const BnRelabel strategy;
  return strategy;
}

}  // namespace tbft::strategy
