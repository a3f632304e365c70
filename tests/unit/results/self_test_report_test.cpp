// What `meters --self-test --report` publishes of a meter, and what it keeps to itself.
#include "harness/cli/self_test_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"

namespace tbft::cli {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

std::string report_of(const std::string& meter, const std::string& description, const std::vector<std::string>& problems = {}) {
  const test::TemporaryFolder root;
  return self_test_report(ordered_json{{"meter", meter},
                                       {"description", description},
                                       {"distinct_hz", 2.0},
                                       {"nominal_hz", 2.0},
                                       {"spacing_max_s", nullptr},
                                       {"failures", 0},
                                       {"sd_W", 0.1},
                                       {"ok", problems.empty()},
                                       {"problems", problems}},
                          Board(root.path()));
}

TEST(SelfTestReport, NamesTheMeterAndLeavesOutWhatIsUnknown) {
  const auto report = report_of("um25c:///dev/rfcomm0", "UM25C at /dev/rfcomm0");
  EXPECT_THAT(report, HasSubstr("um25c:///dev/rfcomm0"));
  EXPECT_THAT(report, HasSubstr("UM25C at /dev/rfcomm0"));
  EXPECT_THAT(report, HasSubstr("| 2.000 | 2.000 | - | 0 | 100.0 mW | good |"));
}

TEST(SelfTestReport, HidesOtherMachinesInWhateverFormTheyStand) {
  const auto report =
      report_of("remote://pi.home:07007?key_file=/home/me/my keys/pi.key",
                "remote pi.home:7007: UM34C at /dev/rfcomm0 (remote://inner.home:7008?key_file=/k (old)/a.key); "
                "clocks within 0.1 s",
                {"remote pi.home:7007: the connection was lost"});
  EXPECT_THAT(report, HasSubstr("remote://HOST:PORT?key_file=FILE"));
  EXPECT_THAT(report, HasSubstr("UM34C at /dev/rfcomm0")) << "the meter itself";
  EXPECT_THAT(report, HasSubstr("the connection was lost"));
  for (const char* secret : {"home", "7007", "7008", "keys", "pi.key", "a.key", "/k"})
    EXPECT_THAT(report, Not(HasSubstr(secret)));
}

TEST(SelfTestReport, HidesThePartsOfASum) {
  const auto report = report_of("sum://?cpu=remote://pi.home:7007?key_file=/home/me/x.key&soc=nvml://GPU-8f6d2c1e", "a sum");
  EXPECT_THAT(report, HasSubstr("sum://?cpu=remote://HOST:PORT"));
  for (const char* secret : {"pi.home", "7007", "x.key", "8f6d2c1e"}) EXPECT_THAT(report, Not(HasSubstr(secret)));
}

TEST(SelfTestReport, HidesWhichCardItIs) {
  constexpr auto uuid = "GPU-8f6d2c1e-1111-2222-3333-444455556666";
  const auto report = report_of(std::string("nvml://") + uuid, std::string("A card (") + uuid + "), counter");
  EXPECT_THAT(report, HasSubstr("nvml://GPU-UUID"));
  EXPECT_THAT(report, HasSubstr("A card (GPU-UUID), counter"));
  EXPECT_THAT(report, Not(HasSubstr("8f6d2c1e")));
}

}  // namespace
}  // namespace tbft::cli
