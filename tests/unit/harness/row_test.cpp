#include "harness/experiment/row.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "harness/measurement/energy_row.h"
#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using power::Energy;
using results::CellRow;
using test::TemporaryFolder;
using test::write_file;
using testing::DoubleEq;
using testing::DoubleNear;
using testing::Optional;

// Gross: 100 J in 10 s. Idle: 3 W before, 5 W after.
Energy energy_of(double energy_J, double duration_s) {
  Energy e;
  e.valid = true;
  e.energy_J = energy_J;
  e.duration_s = duration_s;
  e.mean_W = energy_J / duration_s;
  e.max_W = 12;
  e.least_W = 2;
  e.samples = 500;
  e.distinct_hz = 50;
  e.longest_gap_s = 0.02;
  e.coverage_pct = 99;
  e.U_J = 5;
  e.U_random_J = 0.6;
  e.u_rel_gain = 0.01;
  e.u_offset_W = e.u_offset_by_A_W = 0.1;
  e.u_offset_by_V_W = 0;
  return e;
}

Energy invalid(const std::string& reason) {
  auto e = energy_of(power::unknown, 10);
  e.valid = false;
  e.reason = reason;
  return e;
}

class RowTest : public testing::Test {
 protected:
  RowTest() {
    settings.name = "quick";
    settings.protocol = "paper";
    settings.threads = 2;
    settings.layout = "contiguous";
    settings.train.batchnorm = "frozen-eval";
    measurement.lr = 1e-2;
    measurement.cell = {.id = "0123456789ab",
                        .dataset = "synthetic",
                        .drift = "input",
                        .condition = "noise-3",
                        .train_size = 0.1,
                        .strategy = "fc",
                        .repetition = 1,
                        .seed = 8,
                        .order_index = 5};
    measurement.started_utc = "2024-05-06T07:08:09.000Z";
    measurement.duration_s = 10.5;
    measurement.train_s = 6.5;
    measurement.sampler_cpu_s = 0.25;
    measurement.peak_rss_MiB = 120;
    measurement.result = TrainResult{.val_loss = 0.5,
                                     .epochs = 3,
                                     .steps = 30,
                                     .samples_seen = 300,
                                     .trainable_params = 650,
                                     .macs_train = 1e9,
                                     .n_test = 40,
                                     .correct = 30,
                                     .saved_act_MiB = 1.5};
    energy.gross = energy_of(100, 10);
    energy.train = energy_of(60, 6);
    energy.idle_before = energy_of(15, 5);
    energy.idle_after = energy_of(25, 5);
    meter.uri = "um25c:///dev/rfcomm0";
    meter.scope = power::Scope::battery;
  }

  CellRow row() const {
    return make_row(measurement, energy, meter, {"run-1", &settings, &board_, "cafe00cafe00", "ResNet-26"});
  }

  CellRow accuracy_row() const { return make_row(measurement, {"run-1", &settings, &board_, "cafe00cafe00", "ResNet-26"}); }

  Settings settings;
  CellMeasurement measurement;
  CellEnergy energy;
  power::MeterInfo meter;

 private:
  TemporaryFolder root_;
  Board board_{root_.path()};  // knows of nothing
};

void expect_no_joules(const CellRow& row) {
  for (const auto column :
       {&CellRow::gross_J, &CellRow::U_gross_J, &CellRow::U_random_gross_J, &CellRow::idle_W, &CellRow::net_J,
        &CellRow::U_net_J, &CellRow::U_random_net_J, &CellRow::train_gross_J, &CellRow::train_net_J, &CellRow::U_train_net_J,
        &CellRow::U_random_train_net_J, &CellRow::u_rel_gain, &CellRow::mean_W, &CellRow::max_W})
    EXPECT_EQ(row.*column, std::nullopt);
}

TEST_F(RowTest, AnOkRowSaysWhatWasRunAndWhatCameOfIt) {
  const auto r = row();
  EXPECT_EQ(r.status, "ok");
  EXPECT_EQ(r.reason, "");
  EXPECT_EQ(r.run_id, "run-1");
  EXPECT_EQ(r.cell_id, "0123456789ab");
  EXPECT_EQ(r.started_utc, "2024-05-06T07:08:09.000Z");
  EXPECT_EQ(r.experiment, "quick");
  EXPECT_EQ(r.protocol, "paper");
  EXPECT_EQ(r.dataset + "/" + r.drift + "/" + r.condition, "synthetic/input/noise-3");
  EXPECT_EQ(r.train_size, 0.1);
  EXPECT_EQ(r.strategy + ":" + r.blocks, "fc:fc");
  EXPECT_EQ(r.repetition, 1);
  EXPECT_EQ(r.seed, 8);
  EXPECT_EQ(r.order_index, 5);
  EXPECT_EQ(r.accuracy_pct, 75.0);
  EXPECT_EQ(r.correct, 30);
  EXPECT_EQ(r.n_test, 40);
  EXPECT_EQ(r.val_loss, 0.5);
  EXPECT_EQ(r.epochs, 3);
  EXPECT_EQ(r.steps, 30);
  EXPECT_EQ(r.samples_seen, 300);
  EXPECT_EQ(r.trainable_params, 650);
  EXPECT_EQ(r.macs_train, 1e9);
  EXPECT_EQ(r.saved_act_MiB, 1.5);
  EXPECT_EQ(r.duration_s, 10.5);
  EXPECT_EQ(r.train_s, 6.5);
  EXPECT_EQ(r.sampler_cpu_s, 0.25);
  EXPECT_EQ(r.peak_rss_MiB, 120.0);
  EXPECT_EQ(r.threads, 2);
  EXPECT_EQ(r.layout, "contiguous");
  EXPECT_EQ(r.lr, 1e-2);
  EXPECT_EQ(r.meter, "um25c:///dev/rfcomm0");
  EXPECT_EQ(r.meter_scope, "battery");
  EXPECT_EQ(r.measured, 1);
  EXPECT_EQ(r.samples, 500);
  EXPECT_EQ(r.coverage_pct, 99.0);
  EXPECT_EQ(r.config_hash, "cafe00cafe00");
  EXPECT_EQ(row().network, "ResNet-26");
  EXPECT_EQ(accuracy_row().network, "ResNet-26");
  EXPECT_NE(r.tool_version, "");
}

TEST_F(RowTest, NetIsGrossWithoutIdle) {
  const auto r = row();
  EXPECT_EQ(r.gross_J, 100.0);
  EXPECT_EQ(r.U_gross_J, 5.0);
  EXPECT_EQ(r.U_random_gross_J, 0.6);
  EXPECT_EQ(r.u_rel_gain, 0.01);
  EXPECT_EQ(r.mean_W, 10.0);
  EXPECT_EQ(r.max_W, 12.0);
  EXPECT_EQ(r.idle_W, 4.0);  // (3 + 5) / 2
  EXPECT_EQ(r.net_J, 60.0);  // 100 - 4 x 10
  EXPECT_EQ(r.train_gross_J, 60.0);
  EXPECT_EQ(r.train_net_J, 36.0);  // 60 - 4 x 6
  // Random: 0.6 J; idle sqrt(2) x 0.12 W / 2 over 10 s; idle drift, k = 2 of a half-width of 1 W over 10 s.
  const double random_J = std::sqrt(0.36 + 0.72 + 400.0 / 3);
  EXPECT_THAT(r.U_random_net_J, Optional(DoubleNear(random_J, 1e-9)));
  // And 2 x 1 % of 60 J; the offset is the same in gross and idle.
  EXPECT_THAT(r.U_net_J, Optional(DoubleNear(std::hypot(random_J, 1.2), 1e-9)));
  const double train_random_J = std::sqrt(0.36 + 0.72 * 0.36 + 400.0 / 3 * 0.36);
  EXPECT_THAT(r.U_random_train_net_J, Optional(DoubleNear(train_random_J, 1e-9)));
  EXPECT_THAT(r.U_train_net_J, Optional(DoubleNear(std::hypot(train_random_J, 0.72), 1e-9)));
}

TEST_F(RowTest, TheTestHasJoulesOfItsOwnAndForEachImage) {
  energy.test = energy_of(30, 5);
  const auto r = row();
  EXPECT_EQ(r.test_net_J, 10.0);         // 30 - 4 x 5
  EXPECT_EQ(r.infer_J_per_image, 0.25);  // of 40 images
  EXPECT_NE(r.U_test_net_J, std::nullopt);
  EXPECT_EQ(r.edp_Js, 60.0 * 6.5);
  energy.test = invalid("no reading inside");
  EXPECT_EQ(row().test_net_J, std::nullopt);
  EXPECT_EQ(row().infer_J_per_image, std::nullopt);
  EXPECT_EQ(row().status, "ok") << "the cell's own joules are there";
  energy.train = invalid("no reading inside");
  EXPECT_EQ(row().edp_Js, std::nullopt);
}

TEST_F(RowTest, APointSaysItsBatchThreadsAndFrequencies) {
  EXPECT_EQ(row().batch, 128);
  EXPECT_EQ(row().point, "");
  EXPECT_EQ(row().cpu_mean_kHz, std::nullopt);
  measurement.cell.point = {.threads = 3, .batch = 16, .frequencies = {.governor = "powersave"}};
  measurement.seen_kHz = {600000, 1200000, 1200000};
  const auto r = row();
  EXPECT_EQ(r.point, "threads=3 batch=16 governor=powersave");
  EXPECT_EQ(r.threads, 3);
  EXPECT_EQ(r.batch, 16);
  EXPECT_EQ(r.cpu_min_kHz, 600000);
  EXPECT_EQ(r.cpu_mean_kHz, 1000000);
}

TEST_F(RowTest, WithoutAnIdleWindowNetIsUnknownAndGrossIsNot) {
  energy.idle_before = {};
  const auto r = row();
  EXPECT_EQ(r.status, "ok");
  EXPECT_EQ(r.gross_J, 100.0);
  EXPECT_EQ(r.train_gross_J, 60.0);
  EXPECT_EQ(r.idle_W, std::nullopt);
  EXPECT_EQ(r.net_J, std::nullopt);
  EXPECT_EQ(r.U_net_J, std::nullopt);
  EXPECT_EQ(r.train_net_J, std::nullopt);
}

TEST_F(RowTest, AnUnknownAccuracyOfTheMeterLeavesTheRandomPartAlone) {
  for (Energy* e : {&energy.gross, &*energy.train, &energy.idle_before, &energy.idle_after})
    e->U_J = e->u_rel_gain = e->u_offset_W = power::unknown;
  const auto r = row();
  EXPECT_EQ(r.U_gross_J, std::nullopt);
  EXPECT_EQ(r.U_net_J, std::nullopt);
  EXPECT_EQ(r.u_rel_gain, std::nullopt);
  EXPECT_EQ(r.U_random_gross_J, 0.6);
  EXPECT_NE(r.U_random_net_J, std::nullopt);
}

TEST_F(RowTest, AnEstimateIsMarkedAsSuch) {
  meter.measured = false;
  EXPECT_EQ(row().measured, 0);
}

TEST_F(RowTest, WhatTheBoardDoesNotTellIsEmpty) {
  const auto r = row();
  EXPECT_EQ(r.board, "");
  EXPECT_EQ(r.cpu_governor, "");
  EXPECT_EQ(r.temp_start_C, std::nullopt);
  EXPECT_EQ(r.temp_end_C, std::nullopt);
  EXPECT_EQ(r.throttled, std::nullopt);
  measurement.peak_rss_MiB = std::nullopt;
  measurement.result->val_loss = power::unknown;
  EXPECT_EQ(row().peak_rss_MiB, std::nullopt);
  EXPECT_EQ(row().val_loss, std::nullopt);
}

TEST_F(RowTest, AFailedCellHasItsReasonAndNoResult) {
  measurement.result.reset();
  measurement.failure = "out of memory";
  const auto r = row();
  EXPECT_EQ(r.status, "failed");
  EXPECT_EQ(r.reason, "out of memory");
  EXPECT_EQ(r.accuracy_pct, std::nullopt);
  EXPECT_EQ(r.correct, std::nullopt);
  EXPECT_EQ(r.steps, std::nullopt);
  EXPECT_EQ(r.duration_s, 10.5);
  expect_no_joules(r);
}

TEST_F(RowTest, InvalidEnergyLeavesTheJoulesEmptyAndTheAccuracyInPlace) {
  energy.gross = invalid("no reading inside");
  energy.gross.samples = 0;
  energy.gross.distinct_hz = power::unknown;
  const auto r = row();
  EXPECT_EQ(r.status, "invalid");
  EXPECT_EQ(r.reason, "no reading inside");
  EXPECT_EQ(r.accuracy_pct, 75.0);
  EXPECT_EQ(r.samples, 0);  // counted, so known
  EXPECT_EQ(r.distinct_hz, std::nullopt);
  expect_no_joules(r);
}

TEST_F(RowTest, AThrottledBoardMakesTheEnergyInvalid) {
  measurement.before = {50.0, 0U};
  measurement.after = {81.5, 0x40000U};
  const auto r = row();
  EXPECT_EQ(r.status, "invalid");
  EXPECT_EQ(r.reason, "the board was throttled or under voltage");
  EXPECT_EQ(r.throttled, 1);
  EXPECT_EQ(r.accuracy_pct, 75.0);
  EXPECT_EQ(r.temp_start_C, 50.0);
  EXPECT_EQ(r.temp_end_C, 81.5);
  expect_no_joules(r);
  measurement.before.throttled_bits = 0x40000U;  // long ago
  EXPECT_EQ(row().status, "ok");
  EXPECT_EQ(row().throttled, 0);
}

// Snapshots of one processor, so that others took this much of 10 s.
void let_others_take(CellMeasurement& m, double seconds, double own_s = 4) {
  m.before.processors = ProcessorTimes{.busy_s = {0}, .allowed = {true}, .own_s = 0, .wall_s = 0};
  m.after.processors = ProcessorTimes{.busy_s = {own_s + seconds}, .allowed = {true}, .own_s = own_s, .wall_s = 10};
}

TEST_F(RowTest, OtherProgramsAreRecordedAndMarkedWhereTheyTookMuch) {
  let_others_take(measurement, 2);
  EXPECT_THAT(row().other_cpu_pct, Optional(DoubleNear(20, 1e-9)));
  EXPECT_EQ(row().reason, "");
  let_others_take(measurement, 4.5);
  EXPECT_THAT(row().other_cpu_pct, Optional(DoubleNear(45, 1e-9)));
  EXPECT_THAT(row().reason, testing::HasSubstr("other programs took 45 % of the processors"));
  EXPECT_EQ(row().status, "ok") << "it never changes the status";
  EXPECT_EQ(row().train_net_J, 36.0);
  EXPECT_EQ(accuracy_row().other_cpu_pct, std::nullopt) << "cells side by side are each other's others";
}

TEST_F(RowTest, NegativeJoulesAreInvalidWithTheRemedy) {
  energy.gross = energy_of(-100, 10);
  const auto r = row();
  EXPECT_EQ(r.status, "invalid");
  EXPECT_THAT(r.reason, testing::HasSubstr("VIN+"));
  EXPECT_EQ(r.accuracy_pct, 75.0);
  expect_no_joules(r);
  energy.gross = energy_of(-4, 10);  // U is 5 J
  EXPECT_EQ(row().status, "ok");
}

TEST_F(RowTest, NegativeJoulesOfTrainingOrAboveIdleStayEmpty) {
  energy.train = energy_of(-60, 6);
  EXPECT_EQ(row().status, "ok");
  EXPECT_THAT(row().reason, testing::HasSubstr("train energy unknown: negative"));
  EXPECT_EQ(row().train_gross_J, std::nullopt);
  energy.train = energy_of(60, 6);
  energy.idle_before = energy.idle_after = energy_of(60, 5);
  EXPECT_EQ(row().net_J, std::nullopt);
  EXPECT_EQ(row().train_net_J, std::nullopt);
  EXPECT_EQ(row().U_net_J, std::nullopt);
  EXPECT_EQ(row().idle_W, 12.0);
  EXPECT_EQ(row().gross_J, 100.0);
  EXPECT_THAT(row().reason, testing::HasSubstr("negative net energy"));
}

TEST_F(RowTest, AMeterThatStandsStillIsInvalid) {
  energy.gross.max_W = energy.gross.least_W = 0;
  EXPECT_EQ(row().status, "invalid");
  EXPECT_THAT(row().reason, testing::HasSubstr("0 W"));
  // The same value in all windows: invalid where the processors were busy in one and idle in the others.
  for (Energy* e : {&energy.gross, &energy.idle_before, &energy.idle_after}) e->max_W = e->least_W = 4;
  let_others_take(measurement, 0, 9);
  EXPECT_EQ(row().status, "ok");
  EXPECT_THAT(row().reason, testing::HasSubstr("does the sensor follow"));
  energy.use_before = energy.use_after = ProcessorUse{.busy_pct = 5, .busy_processors = 0.05};
  EXPECT_EQ(row().status, "invalid");
  EXPECT_THAT(row().reason, testing::HasSubstr("stood still"));
  meter.measured = false;
  EXPECT_EQ(row().status, "ok") << "an estimate may";
  meter.measured = true;
  meter.counter = true;
  energy.gross = energy_of(0, 10);
  EXPECT_EQ(row().status, "invalid") << "a counter that did not rise";
}

TEST_F(RowTest, InvalidTrainingWindowsLeaveOnlyTheirColumnsEmpty) {
  energy.train = invalid("no reading inside");
  const auto r = row();
  EXPECT_EQ(r.status, "ok");
  EXPECT_EQ(r.reason, "train energy unknown: no reading inside");
  EXPECT_EQ(r.gross_J, 100.0);
  EXPECT_EQ(r.net_J, 60.0);
  EXPECT_EQ(r.train_gross_J, std::nullopt);
  EXPECT_EQ(r.train_net_J, std::nullopt);
  EXPECT_EQ(r.U_train_net_J, std::nullopt);
  EXPECT_EQ(r.U_random_train_net_J, std::nullopt);
}

TEST_F(RowTest, NoReasonHidesAnother) {
  measurement.result->diverged = true;
  const std::string diverged = "training diverged; the best weights before it were tested";
  EXPECT_EQ(row().reason, diverged);
  EXPECT_EQ(row().status, "ok");
  energy.train = invalid("a gap");
  EXPECT_EQ(row().reason, diverged + "; train energy unknown: a gap");
  energy.gross = invalid("a gap");
  EXPECT_EQ(row().reason, diverged + "; a gap");
}

TEST_F(RowTest, TheBaseModelHasNoTrainJoulesNoRateAndNoBlocks) {
  measurement.cell.strategy = "none";
  energy.train.reset();
  const auto r = row();
  EXPECT_EQ(r.status, "ok");
  EXPECT_EQ(r.reason, "");
  EXPECT_EQ(r.blocks, "");
  EXPECT_EQ(r.lr, std::nullopt);
  EXPECT_EQ(r.bn_mode, "eval");
  EXPECT_EQ(r.gross_J, 100.0);
  EXPECT_EQ(r.train_gross_J, std::nullopt);
  EXPECT_EQ(r.train_net_J, std::nullopt);
}

TEST_F(RowTest, BatchNormIsAsTheStrategyAndTheSettingsSay) {
  EXPECT_EQ(row().bn_mode, "frozen-eval");
  measurement.cell.strategy = "bn-stats";
  EXPECT_EQ(row().bn_mode, "train");
  EXPECT_EQ(row().lr, std::nullopt);
  measurement.cell.strategy = "full";
  measurement.lr = 3e-3;  // as searched
  EXPECT_EQ(row().blocks, "all");
  EXPECT_EQ(row().lr, 3e-3);
  measurement.cell.strategy = "relabel";
  EXPECT_EQ(row().bn_mode, "eval");
  EXPECT_EQ(row().lr, std::nullopt);
}

TEST_F(RowTest, TheBlocksOfAChoiceAreThoseThatItMade) {
  measurement.cell.strategy = "elastic";
  measurement.result->tuned.blocks = {"block2", "fc"};
  EXPECT_EQ(row().blocks, "block2+fc");
  measurement.result.reset();
  EXPECT_EQ(row().blocks, "");
}

TEST_F(RowTest, WhatDiagnosedBecameDecidesHowItWasTrained) {
  measurement.cell.strategy = "diagnosed";
  measurement.lr = 1e-2;
  measurement.result->chosen = "fc";
  measurement.result->tuned.blocks = {"fc"};
  EXPECT_EQ(row().strategy, "diagnosed");
  EXPECT_EQ(row().blocks, "fc");
  EXPECT_EQ(row().lr, 1e-2);
  EXPECT_EQ(row().bn_mode, "frozen-eval");
  measurement.result->tuned = {};
  measurement.result->chosen = "relabel";
  EXPECT_EQ(row().lr, std::nullopt);
  EXPECT_EQ(row().bn_mode, "eval");
}

TEST(Known, IsEmptyForWhatIsNotANumber) {
  EXPECT_EQ(known(power::unknown), std::nullopt);
  EXPECT_EQ(known(-std::numeric_limits<double>::infinity()), std::nullopt);
  EXPECT_THAT(known(0), Optional(DoubleEq(0)));
}

TEST_F(RowTest, ACellThatSharedTheMachineHasItsAccuracyAndNothingOfPowerOrTime) {
  const auto r = accuracy_row();
  EXPECT_EQ(r.status, "ok");
  EXPECT_THAT(r.accuracy_pct, Optional(DoubleEq(75)));
  expect_no_joules(r);
  EXPECT_EQ(r.meter + r.meter_scope, "");
  EXPECT_EQ(r.measured, std::nullopt);
  for (const auto column : {&CellRow::distinct_hz, &CellRow::longest_gap_s, &CellRow::coverage_pct, &CellRow::sampler_cpu_s,
                            &CellRow::duration_s, &CellRow::train_s})
    EXPECT_EQ(r.*column, std::nullopt);
  EXPECT_EQ(r.samples, std::nullopt);
  measurement.result.reset();
  measurement.failure = "lost";
  EXPECT_EQ(accuracy_row().status, "failed");
  EXPECT_EQ(accuracy_row().reason, "lost");
}

}  // namespace
}  // namespace tbft
