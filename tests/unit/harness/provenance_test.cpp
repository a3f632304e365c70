#include "harness/host/provenance.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tbft {
namespace {

TEST(Provenance, NamesTheCompilerThatMadeTheProgram) {
  const auto compiler = provenance_json(Board())["compiler"].get<std::string>();
#ifdef __clang__
  EXPECT_THAT(compiler, testing::StartsWith("clang++ "));
  EXPECT_THAT(compiler, testing::Not(testing::HasSubstr("Clang")));
#else
  EXPECT_THAT(compiler, testing::StartsWith("g++ "));
#endif
}

}  // namespace
}  // namespace tbft
