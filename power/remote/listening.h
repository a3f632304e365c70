// Addresses on which a server listens.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string_view>

#include "tbft/power/server.h"

namespace tbft::power::remote {

bool is_loopback(const boost::asio::ip::address& address);
// Resolves the address. Throws BadListenAddress, which begins with the name of the command's option.
boost::asio::ip::tcp::endpoint resolve(boost::asio::io_context& io, const Address& address, std::string_view option);
// Listens. Throws std::runtime_error if the port is taken.
void listen_on(boost::asio::ip::tcp::acceptor& acceptor, const boost::asio::ip::tcp::endpoint& endpoint);

// Hands every new connection to `take` until the acceptor is closed and the timer cancelled. After an error it waits for the
// timer. Both, and what `take` refers to, must outlive the work of the io_context.
void accept_each(boost::asio::ip::tcp::acceptor& acceptor, boost::asio::steady_timer& retry,
                 std::function<void(boost::asio::ip::tcp::socket socket)> take);

}  // namespace tbft::power::remote
