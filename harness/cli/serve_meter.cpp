// tbft serve-meter: serves a meter to other machines, so that the measured board does not run the measurement.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "tbft/power/server.h"

namespace tbft::cli {

namespace {

struct ServeOptions {
  MeterChoice meter;
  std::string listen = "127.0.0.1:7007";
  std::string key_file;
  std::string openmetrics;
  std::string realtime = "auto";
  double interval_s = 0;
};

void say(const std::string& line) {
  print_error(line);
  std::fflush(stderr);
}

// Whether systemd gave this file to the service (LoadCredential=).
bool is_credential(const std::filesystem::path& file) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && std::filesystem::path(folder).is_absolute() && file.parent_path() == folder;
}

// ADDRESS:PORT; a port alone is this machine's own.
power::remote::Address metrics_address(const std::string& text) {
  const bool is_port = text.find_first_not_of("0123456789") == std::string::npos;
  if (const auto address = power::remote::parse_address((is_port ? "127.0.0.1:" : "") + text)) return *address;
  throw UsageError(fmt::format("--openmetrics {}: expected a port, or ADDRESS:PORT such as 0.0.0.0:9105", text));
}

int serve(const ServeOptions& options) {
  const auto address = power::remote::parse_address(options.listen);
  if (!address)
    throw UsageError(fmt::format("--listen {}: expected ADDRESS:PORT, such as 0.0.0.0:7007 or [::]:7007", options.listen));
  power::remote::ServerOptions server_options{
      .listen = *address, .on_event = say, .realtime = power::parse_realtime(options.realtime)};
  if (!options.key_file.empty())
    server_options.key = power::remote::read_key_file(options.key_file, is_credential(options.key_file));
  if (!options.openmetrics.empty()) server_options.openmetrics = metrics_address(options.openmetrics);
  const StopOnSignal signals;
  try {
    power::remote::MeterServer server(open_asked_meter(options.meter, options.interval_s), server_options,
                                      power::steady_clock());
    const auto& meter = server.meter();
    say(fmt::format("serving {}: {}{}", meter.uri, meter.description, meter.measured ? "" : " (not a measurement)"));
    if (const auto metrics = server.metrics_address()) say(fmt::format("metrics at http://{}/metrics", to_string(*metrics)));
    say(fmt::format("listening on {}{}", to_string(server.address()), server_options.key ? ", key needed" : ""));
    server.run(signals.flag());
  } catch (const power::remote::BadListenAddress& error) {
    throw UsageError(error.what());
  }
  return Exit::ok;
}

}  // namespace

void add_serve_meter(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "serve-meter", "Serve a meter to other machines, which read it as remote://HOST:PORT", serve);
  add_meter_option(*command, options->meter, WithoutMeter::fails);
  command
      ->add_option("--listen", options->listen,
                   "Address and port; port 0 picks a free one. Addresses other than loopback need --key-file")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  command
      ->add_option("--key-file", options->key_file,
                   "Key file; only clients with the same key get readings (HMAC; not encrypted)")
      ->type_name("FILE");
  command
      ->add_option(
          "--openmetrics", options->openmetrics,
          "Also serve joules, watts, gaps and validity at http://ADDR:PORT/metrics, for Prometheus and others that read "
          "OpenMetrics; a port alone: on this machine only. Without key and encryption")
      ->type_name("[ADDR:]PORT");
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's own");
  add_realtime_option(*command, options->realtime);
  command->footer(
      "Example, on the machine with the meter, then on the machine that is measured:\n"
      "  (umask 077; openssl rand -hex 32 > meter.key)     # copy it to the other machine\n"
      "  tbft serve-meter -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' --listen 0.0.0.0:7007 --key-file meter.key\n"
      "  tbft measure -m 'remote://192.0.2.7:7007?key_file=meter.key' -- python3 train.py\n"
      "For Prometheus, on the machine with the meter (a port alone: reachable from this machine only):\n"
      "  tbft serve-meter -m um25c:///dev/rfcomm0 --openmetrics 9105\n"
      "It runs until SIGINT, SIGTERM or SIGHUP and then exits with 0. Readings are authenticated, not encrypted.\n"
      "As a service: tbft-serve-meter@NAME of the package tbft.");
}

}  // namespace tbft::cli
