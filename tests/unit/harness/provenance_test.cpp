#include "harness/host/provenance.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/temporary_folder.h"

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

TEST(Provenance, NamesTheBlasThatAnAlternativeChooses) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "openblas-pthread");
  std::ofstream(folder / "openblas-pthread/libblas.so.3") << "library";
  std::filesystem::create_symlink("openblas-pthread/libblas.so.3", folder / "alternative");
  std::filesystem::create_symlink("alternative", folder / "libblas.so.3");
  EXPECT_EQ(system_blas(folder / "libblas.so.3"), "openblas-pthread");
  EXPECT_EQ(system_blas(folder / "libcblas.so.3"), "");
}

}  // namespace
}  // namespace tbft
