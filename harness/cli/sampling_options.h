// Options of commands that sample a meter.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace tbft::cli {

inline CLI::Option* add_realtime_option(CLI::App& command, std::string& realtime) {
  return command
      .add_option("--realtime", realtime,
                  "Real-time priority for the sampling thread (default auto: where permitted; see power/SETUP.md)")
      ->check(CLI::IsMember({"auto", "on", "off"}))
      ->type_name("auto|on|off");
}

}  // namespace tbft::cli
