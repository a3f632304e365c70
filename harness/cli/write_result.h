// Where a command's result goes: a file, whole or not at all, or standard output.
#pragma once

#include <iostream>
#include <stdexcept>
#include <string>

#include "results/files.h"

namespace tbft::cli {

// `file` empty: standard output.
inline void write_result(const std::string& file, const std::string& text) {
  if (!file.empty()) return results::write_file_atomically(file, text);
  std::cout << text << std::flush;
  if (!std::cout) throw std::runtime_error("cannot write the result to standard output");
}

}  // namespace tbft::cli
