#include "power/remote/stream.h"

#include <fcntl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <stdexcept>

namespace tbft::power::remote {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t max_unsent = 4096;

}  // namespace

struct Stream::Impl {
  asio::io_context io{1};
  tcp::resolver::results_type endpoints;
  std::shared_ptr<tcp::socket> socket;  // one for each attempt, so that handlers of earlier attempts do not affect this one
  State state = State::closed;
  Bytes unsent;
  std::string error;

  void fail(const std::string& why) {
    error = why;
    state = State::closed;
    error_code ignored;
    if (socket) socket->close(ignored);
    socket.reset();
    unsent.clear();
  }

  void connected(const error_code& code) {
    if (code) return fail(code.message());
    error_code ignored;
    ::fcntl(socket->native_handle(), F_SETFD, FD_CLOEXEC);
    socket->set_option(tcp::no_delay(true), ignored);
    socket->set_option(asio::socket_base::keep_alive(true), ignored);
    error_code failed;
    socket->non_blocking(true, failed);
    if (failed) return fail(failed.message());
    state = State::open;
  }

  void send() {
    while (state == State::open && !unsent.empty()) {
      error_code code;
      const std::size_t sent = socket->write_some(asio::buffer(unsent), code);
      if (code == asio::error::would_block || code == asio::error::try_again) return;
      if (code) return fail(code.message());
      unsent.erase(unsent.begin(), unsent.begin() + static_cast<std::ptrdiff_t>(sent));
    }
  }
};

Stream::Stream(const Address& address) : impl_(std::make_unique<Impl>()) {
  tcp::resolver resolver(impl_->io);
  error_code code;
  impl_->endpoints = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::numeric_service, code);
  if (code) throw std::runtime_error(code.message());
}

Stream::~Stream() = default;

Stream::State Stream::state() const {
  return impl_->state;
}

const std::string& Stream::error() const {
  return impl_->error;
}

void Stream::connect() {
  close();
  impl_->state = State::connecting;
  auto socket = std::make_shared<tcp::socket>(impl_->io);
  impl_->socket = socket;
  asio::async_connect(*socket, impl_->endpoints,
                      [self = impl_.get(), socket](const error_code& code, const tcp::endpoint& /*peer*/) {
                        if (socket == self->socket && self->state == State::connecting) self->connected(code);
                      });
}

void Stream::poll() {
  impl_->io.restart();
  impl_->io.poll();
  impl_->send();
}

void Stream::close() {
  impl_->fail({});
}

Bytes Stream::read(std::size_t limit) {
  Bytes bytes;
  if (impl_->state != State::open) return bytes;
  bytes.resize(limit);
  error_code code;
  const std::size_t size = impl_->socket->read_some(asio::buffer(bytes), code);
  bytes.resize(code ? 0 : size);
  if (code && code != asio::error::would_block && code != asio::error::try_again) impl_->fail(code.message());
  return bytes;
}

void Stream::write(ByteView bytes) {
  if (impl_->state != State::open) return;
  impl_->unsent.insert(impl_->unsent.end(), bytes.begin(), bytes.end());
  impl_->send();
  if (impl_->unsent.size() > max_unsent) impl_->fail("the other side does not read");
}

}  // namespace tbft::power::remote
