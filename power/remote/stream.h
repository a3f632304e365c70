// A TCP stream that never blocks: what `remote://` talks through.
#pragma once

#include <memory>
#include <string>

#include "power/protocol/remote_frame.h"
#include "tbft/power/server.h"

namespace tbft::power::remote {

class Stream {
 public:
  // Looks the name up, which may block: done once, the addresses serve all later connections. Throws std::runtime_error.
  explicit Stream(const Address& address);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  enum class State { closed, connecting, open };
  State state() const;
  void connect();  // begins; poll() goes on with it
  void poll();
  void close();
  // Why it is closed.
  const std::string& error() const;

  // Bytes that are there now, at most `limit`; none where there are none. Closes at an error or the peer's end.
  Bytes read(std::size_t limit);
  // Keeps what the socket does not take yet; more than 4 KiB kept closes the stream.
  void write(ByteView bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power::remote
