// A non-blocking TCP stream for `remote://`.
#pragma once

#include <memory>
#include <string>

#include "power/protocol/remote_frame.h"
#include "tbft/power/server.h"

namespace tbft::power::remote {

class Stream {
 public:
  // Resolves the name, which may block. The addresses are used for all connections. Throws std::runtime_error.
  explicit Stream(const Address& address);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  enum class State { closed, connecting, open };
  State state() const;
  void connect();  // starts connecting; poll() continues
  void poll();
  void close();
  // The reason for which it is closed.
  const std::string& error() const;

  // The bytes available now, at most `limit`, possibly none. An error or end of stream closes the stream.
  Bytes read(std::size_t limit);
  // Buffers bytes that the socket cannot take yet; more than 4 KiB buffered closes the stream.
  void write(ByteView bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power::remote
