// The true energy of a waveform between two instants of the steady clock. Usage: truth WAVEFORM FROM_NS TO_NS
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tests/kernel/guest/waveform.h"

int main(int argc, char** argv) {
  using namespace tbft::kernel_test;
  try {
    if (argc != 4) throw std::runtime_error("usage: truth WAVEFORM FROM_NS TO_NS");
    std::printf("%.9g\n", waveform(argv[1]).energy_J(std::atoll(argv[2]), std::atoll(argv[3])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
