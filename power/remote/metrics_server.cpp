#include "power/remote/metrics_server.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "power/protocol/openmetrics.h"
#include "power/remote/listening.h"

namespace tbft::power::remote {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using beast::error_code;

constexpr std::size_t max_connections = 16;
constexpr std::uint32_t max_header = 8192;  // bytes
constexpr std::chrono::seconds time_limit{10};
constexpr std::string_view plain_text = "text/plain; charset=utf-8";

using Text = std::function<std::string()>;
using Response = http::response<http::string_body>;

Response answer_to(const http::request<http::empty_body>& request, const Text& text) {
  const bool known = request.target() == "/metrics" || request.target().starts_with("/metrics?");
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  Response response(!reads  ? http::status::method_not_allowed
                    : known ? http::status::ok
                            : http::status::not_found,
                    request.version());
  response.keep_alive(request.keep_alive());
  const bool good = response.result() == http::status::ok;
  const auto type = good ? openmetrics_type : plain_text;
  response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
  if (!reads) response.set(http::field::allow, "GET, HEAD");
  std::string body = good ? text() : "the figures of the meter are at /metrics\n";
  response.content_length(body.size());
  if (request.method() != http::verb::head) response.body() = std::move(body);
  return response;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Text& text) : stream_(std::move(socket)), text_(text) {}

  bool closed() const { return closed_; }
  void close() {
    if (!std::exchange(closed_, true)) stream_.close();
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(max_header);
    stream_.expires_after(time_limit);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
      if (error || self->closed_) return self->close();
      self->write(answer_to(self->parser_->get(), self->text_));
    });
  }

 private:
  void write(Response response) {
    response_ = std::move(response);
    stream_.expires_after(time_limit);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
      if (error || self->closed_ || self->response_.need_eof()) return self->close();
      self->read();
    });
  }

  beast::tcp_stream stream_;
  const Text& text_;
  beast::flat_static_buffer<std::size_t{2} * max_header> buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  bool closed_ = false;
};

}  // namespace

struct MetricsServer::Impl {
  Impl(asio::io_context& io, Text given) : acceptor(io), retry(io), text(std::move(given)) {}

  void accept() {
    accept_each(acceptor, retry, [this](tcp::socket socket) {
      std::erase_if(sessions, [](const auto& session) { return session->closed(); });
      if (sessions.size() < max_connections)
        (*sessions.insert(std::make_shared<Session>(std::move(socket), text)).first)->read();
    });
  }

  tcp::acceptor acceptor;
  asio::steady_timer retry;
  Text text;
  std::set<std::shared_ptr<Session>> sessions;
};

MetricsServer::MetricsServer(asio::io_context& io, const Address& address, std::function<std::string()> text)
    : impl_(std::make_unique<Impl>(io, std::move(text))) {
  listen_on(impl_->acceptor, resolve(io, address, "--openmetrics"));
  impl_->accept();
}

MetricsServer::~MetricsServer() = default;

Address MetricsServer::address() const {
  const auto endpoint = impl_->acceptor.local_endpoint();
  return {.host = endpoint.address().to_string(), .port = endpoint.port()};
}

void MetricsServer::close() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->retry.cancel();
  for (const auto& session : impl_->sessions) session->close();
}

}  // namespace tbft::power::remote
