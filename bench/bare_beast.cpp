// bench/bare_beast.cpp: the reference for the gateway's figures: Beast's own types, callbacks, no routing, no actors.
// Usage: bare_beast [threads [port]]; answers every request with a fixed JSON, and prints its port.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <thread>
#include <vector>

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using tcp = net::ip::tcp;
using socket_type = net::basic_stream_socket<tcp, net::io_context::executor_type>;

class session : public std::enable_shared_from_this<session> {
public:
  explicit session(socket_type socket) : socket_(std::move(socket)) {}

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error)
        self->answer();
    });
  }

private:
  void answer() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.body() = R"({"sku":"game-1","available":7,"held":2,"sold":1,"onHand":9})";
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error && self->response_.keep_alive())
        self->read();
    });
  }

  socket_type socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

// One acceptor that deals connections to the threads in turn, as the gateway does.
class listener {
public:
  listener(std::list<net::io_context>& contexts, unsigned short port)
    : contexts_(contexts), next_(contexts.begin()),
      acceptor_(contexts.front(), {net::ip::address_v4::loopback(), port}) {}

  unsigned short port() const { return acceptor_.local_endpoint().port(); }

  void accept() {
    auto socket = std::make_shared<socket_type>(*next_);
    acceptor_.async_accept(*socket, [this, socket](auto error) {
      if (error)
        return;
      socket->set_option(tcp::no_delay{true});
      net::post(*next_, [socket] { std::make_shared<session>(std::move(*socket))->read(); });
      if (++next_ == contexts_.end())
        next_ = contexts_.begin();
      accept();
    });
  }

private:
  std::list<net::io_context>& contexts_;
  std::list<net::io_context>::iterator next_;
  net::basic_socket_acceptor<tcp, net::io_context::executor_type> acceptor_;
};

} // namespace

int main(int argc, char** argv) {
  const auto threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const auto port = argc > 2 ? std::atoi(argv[2]) : 0;
  std::list<net::io_context> contexts;
  for (int i = 0; i < threads; ++i)
    contexts.emplace_back(1);
  listener door{contexts, static_cast<unsigned short>(port)};
  door.accept();
  std::printf("%u\n", door.port());
  std::fflush(stdout);
  net::signal_set signals{contexts.front(), SIGINT, SIGTERM};
  signals.async_wait([&](auto, int) {
    for (auto& x : contexts)
      x.stop();
  });
  std::vector<std::thread> running;
  for (auto& x : contexts)
    running.emplace_back([&x] {
      const auto work = net::make_work_guard(x);
      x.run();
    });
  for (auto& x : running)
    x.join();
}
