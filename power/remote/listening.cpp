#include "power/remote/listening.h"

#include <fmt/format.h>

#include <boost/asio/ip/v6_only.hpp>
#include <chrono>
#include <utility>

namespace tbft::power::remote {

namespace asio = boost::asio;
using asio::ip::tcp;

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

tcp::endpoint resolve(asio::io_context& io, const Address& address, std::string_view option) {
  boost::system::error_code error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) throw BadListenAddress(fmt::format("{} {}: {}", option, to_string(address), error.message()));
  return found.begin()->endpoint();
}

void listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  try {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false));
    acceptor.bind(endpoint);
    acceptor.listen();
  } catch (const boost::system::system_error& error) {
    const Address address{.host = endpoint.address().to_string(), .port = endpoint.port()};
    throw std::runtime_error(fmt::format("cannot listen on {}: {}", to_string(address), error.code().message()));
  }
}

void accept_each(tcp::acceptor& acceptor, asio::steady_timer& retry, std::function<void(tcp::socket socket)> take) {
  acceptor.async_accept([&acceptor, &retry, take = std::move(take)](boost::system::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {  // most likely too many open files: retried later, because an immediate retry would loop
      retry.expires_after(std::chrono::milliseconds(100));
      retry.async_wait([&acceptor, &retry, take](boost::system::error_code stopped) {
        if (!stopped) accept_each(acceptor, retry, take);
      });
      return;
    }
    take(std::move(socket));
    accept_each(acceptor, retry, take);
  });
}

}  // namespace tbft::power::remote
