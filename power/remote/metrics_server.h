// Answers `GET /metrics` over HTTP (Boost.Beast): what a monitoring system scrapes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "tbft/power/server.h"

namespace tbft::power::remote {

// Its handlers run on the thread that runs `io`. At most 16 connections at once; a request has at most 8 KiB and no body, and
// 10 s to arrive and to be answered. Anything else ends its connection.
class MetricsServer {
 public:
  // Listens. `text` is called for each request and gives the answer's body. Throws BadListenAddress, std::runtime_error.
  MetricsServer(boost::asio::io_context& io, const Address& address, std::function<std::string()> text);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  Address address() const;  // with the port in use
  void close();             // accepts no more and ends all connections

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power::remote
