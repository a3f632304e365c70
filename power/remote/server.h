// Serves a meter to other machines: `remote://` connects to it. Protocol: power/protocol/remote_frame.h, keys: auth.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "power/clock.h"
#include "power/meter.h"
#include "power/remote/address.h"
#include "power/remote/auth.h"
#include "power/scheduling.h"

namespace tbft::power::remote {

// The address may not be listened on as asked: the program exits with 2.
struct BadListenAddress : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ServerOptions {
  Address listen{.host = "127.0.0.1", .port = 0};  // port 0: the system picks one
  std::optional<Key> key = std::nullopt;           // needed for any address but loopback
  double interval_s = 0;                           // 0: the meter's nominal period
  std::size_t max_clients = 8;
  std::size_t max_pending = 2048;  // readings kept for one client; what a slower one misses becomes a gap
  double login_timeout_s = 5;
  std::function<void(const std::string&)> on_event = nullptr;  // a line for people: who came and went
  Realtime realtime = Realtime::automatic;                     // run() throws RealtimeForbidden
};

struct ServerStats {
  std::size_t clients = 0;          // logged in now
  std::size_t largest_pending = 0;  // readings that waited for one client
  std::size_t lost = 0;             // readings that slow clients missed, over all of them
};

class MeterServer {
 public:
  // Starts the meter and listens. Throws BadListenAddress (not loopback and no key, or no such address), BadMeterUri (an
  // instant replay has no time line to serve), MeterUnavailable, std::runtime_error (the port is taken).
  MeterServer(std::unique_ptr<Meter> meter, ServerOptions options, std::shared_ptr<Clock> clock);
  ~MeterServer();
  MeterServer(const MeterServer&) = delete;
  MeterServer& operator=(const MeterServer&) = delete;

  const MeterInfo& meter() const;
  Address address() const;  // with the port that was picked
  // Samples and serves until `stop`; looks at it every 50 ms. Throws what the meter threw. May be called once.
  void run(const std::atomic<bool>& stop);
  ServerStats stats() const;  // from any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power::remote
