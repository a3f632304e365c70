// The joules of a function: `measure_function METER-URI`, see `tbft meters`.
#include <cmath>
#include <cstdio>

#include "tbft/power.h"

double work() {
  double sum = 0;
  for (int i = 1; i < 30'000'000; ++i) sum += std::sqrt(i);
  return sum;
}

int main(int argc, char** argv) {
  tbft::power::Monitor monitor(tbft::power::open_meter(argc > 1 ? argv[1] : "auto"));
  auto window = monitor.window("work");
  const double result = work();
  const auto e = window.end();
  std::printf("%g: %s %.4g J, U %.2g J (k=2, NaN: unknown), %.4g W, %zu readings, %s\n", result,
              e.valid ? "valid" : e.reason.c_str(), e.energy_J, e.U_J, e.mean_W, e.samples, monitor.meter().uri.c_str());
  return e.valid ? 0 : 4;
}
