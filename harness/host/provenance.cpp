#include "harness/host/provenance.h"

#include <fmt/chrono.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <system_error>

#include "tbft_version.h"

namespace tbft {

std::string tool_version() {
  return TBFT_VERSION;
}

std::filesystem::path system_libraries() {
  return TBFT_LIBRARIES;
}

std::string libtorch_of_build() {
  return TBFT_TORCH_VERSION;
}

std::string system_blas(const std::filesystem::path& link) {
  std::error_code none;
  return std::filesystem::canonical(link, none).parent_path().filename().string();
}

nlohmann::json provenance_json(const Board& board) {
  const auto quota = board.cpu_quota();
  return {{"tool_version", tool_version()},
          {"compiler",
#ifdef __clang__
           "clang++ " __clang_version__
#else
           "g++ " __VERSION__
#endif
          },
          {"build",
#ifdef NDEBUG
           "release"
#else
           "debug"
#endif
          },
          {"host", board.host()},
          {"board", board.name()},
          {"cpu", board.cpu()},
          {"cores", board.cores()},
          {"cpu_quota", quota ? nlohmann::json(*quota) : nlohmann::json(nullptr)},
          {"kernel", board.kernel()},
          {"cpu_governor", board.governor()}};
}

std::string utc_compact() {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace tbft
