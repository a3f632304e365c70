#include "harness/host/openmp_wait.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

namespace tbft {

bool runs_network(std::string_view command) {
  constexpr std::array<std::string_view, 7> commands{"run",       "reproduce", "eval",       "pretrain",
                                                     "step-cost", "diagnose",  "personalize"};
  return std::ranges::find(commands, command) != commands.end();
}

void let_openmp_threads_sleep(int argc, char** argv) {
  if (argc < 2 || !runs_network(argv[1])) return;
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error || setenv("GOMP_SPINCOUNT", "3000", 0) != 0) return;
  execv(self.c_str(), argv);
  unsetenv("GOMP_SPINCOUNT");  // the program continues without it: slower beside other programs, but correct
}

}  // namespace tbft
