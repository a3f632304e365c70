#include "results/run_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tbft::results {
namespace {

TEST(RunFacts, SettingsProvenanceAndDataAreTextsToCompare) {
  const RunFacts facts = parse_run_facts(
      R"({"run_id": "r", "created_utc": "2024", "board": "Pi 5", "cores": 4, "effective": {"threads": 4, "sweep.train_sizes": [0.1, 0.2]},
          "meter": {"uri": "ina219://", "measured": true}, "data": {"input/": {"images": 3, "pixels_sha256": "ab"}}})",
      "run.json");
  EXPECT_EQ(facts.run_id, "r");
  EXPECT_EQ(facts.settings.at("threads"), "4");
  EXPECT_EQ(facts.settings.at("sweep.train_sizes"), "[0.1,0.2]");
  EXPECT_EQ(facts.provenance.at("board"), "Pi 5");
  EXPECT_EQ(facts.provenance.at("meter.measured"), "true");
  EXPECT_EQ(facts.data.at("input/"), R"({"images":3,"pixels_sha256":"ab"})");
  EXPECT_FALSE(facts.provenance.contains("cpu"));
}

TEST(RunFacts, SomethingElseIsAnErrorWithItsName) {
  for (const char* text : {"", "[]", "{}", R"({"effective": 3})", "{\"effective\": {"}) {
    try {
      parse_run_facts(text, "x/run.json");
      FAIL() << text;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("x/run.json: not a run.json"));
    }
  }
}

}  // namespace
}  // namespace tbft::results
