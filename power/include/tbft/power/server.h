// Serves a meter to other machines: `remote://` connects to it. power/protocol/remote_frame.h describes the protocol.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/sampling.h"

namespace tbft::power::remote {

// HOST:PORT, as --listen and remote:// take it.
struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;
};

// `host:1234`, `192.0.2.1:1234`, `[2001:db8::1]:1234`. nullopt for anything else.
std::optional<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);

// Client and server prove to each other that they have the same key; nothing is encrypted.
using Key = std::vector<std::uint8_t>;
inline constexpr std::size_t shortest_key = 16;
inline constexpr std::size_t longest_key = 4096;

// Reads a key: the bytes of a file without the line end. Throws BadMeterUri for a file that cannot be read, that users other
// than its owner can open, or that has fewer than 16 or more than 4096 bytes. In a private folder, which one user alone can
// enter, the file's own mode does not count: there systemd gives a service its credentials, with access lists that look like a
// group's rights.
Key read_key_file(const std::filesystem::path& path, bool in_private_folder = false);

// The server may not listen on this address; the program exits with 2.
struct BadListenAddress : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ServerOptions {
  Address listen{.host = "127.0.0.1", .port = 0};  // port 0: the system chooses one
  std::optional<Key> key = std::nullopt;           // required unless the address is loopback
  // Where the meter's figures are served over HTTP, for monitoring systems, without a key; nullopt: nowhere.
  std::optional<Address> openmetrics = std::nullopt;
  std::size_t max_clients = 8;
  std::size_t max_pending = 2048;  // readings queued for one client; a slower client gets a gap
  Seconds login_timeout{5};
  std::function<void(const std::string&)> on_event = nullptr;  // gets a line of text when a client connects or leaves
  Realtime realtime = Realtime::automatic;                     // run() throws RealtimeForbidden
};

struct ServerStats {
  std::size_t clients = 0;          // logged in now
  std::size_t largest_pending = 0;  // most readings queued for one client
  std::size_t lost = 0;             // readings that slow clients missed, summed over all clients
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
  Address address() const;  // with the port in use
  std::optional<Address> metrics_address() const;
  // Samples and serves until `stop`, which it checks every 50 ms. Throws the meter's exceptions. May be called once.
  void run(const std::atomic<bool>& stop);
  ServerStats stats() const;  // from any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power::remote
