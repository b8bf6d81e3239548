#include "supervisors/sandbox/smtp_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <future>
#include <set>

namespace troupe::sandbox {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr duration refused_pause{100}; // after an accept that failed: out of files, say

struct connection {
  explicit connection(tcp::socket x) : socket(std::move(x)), timer(socket.get_executor()) {}

  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
    timer.cancel();
  }

  tcp::socket socket;
  asio::steady_timer timer;
};

} // namespace

// Everything but the constructor and `port` happens on the context's thread.
struct smtp_server::shared : std::enable_shared_from_this<shared> {
  shared(smtp_options x, asio::io_context& on)
    : how(std::move(x)), context(on), acceptor(on, tcp::endpoint{asio::ip::make_address(how.address), how.port}),
      port(acceptor.local_endpoint().port()) {}

  asio::awaitable<void> accept() {
    const auto self = shared_from_this();
    while (acceptor.is_open()) {
      boost::system::error_code error;
      auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!acceptor.is_open())
        co_return;
      if (error) {
        asio::steady_timer pause{context, refused_pause};
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      auto made = std::make_shared<connection>(std::move(socket));
      if (connections.size() >= how.connections_max) {
        asio::co_spawn(context, turn_away(made), asio::detached);
        continue;
      }
      connections.insert(made);
      asio::co_spawn(context, serve(made), asio::detached);
    }
  }

  asio::awaitable<void> turn_away(std::shared_ptr<connection> x) {
    const std::string text = "421 4.3.2 Too many connections\r\n";
    boost::system::error_code ignored;
    co_await asio::async_write(x->socket, asio::buffer(text), asio::redirect_error(asio::use_awaitable, ignored));
    x->close();
  }

  asio::awaitable<void> serve(std::shared_ptr<connection> x) {
    const auto self = shared_from_this();
    email::smtp::sink_session session{how.take, how.fails, how.limits};
    std::array<char, 16 << 10> bytes;
    boost::system::error_code error;
    auto said = email::smtp::sink_session::greeting();
    bool closes = false;
    for (;;) {
      watch(x);
      co_await asio::async_write(x->socket, asio::buffer(said), asio::redirect_error(asio::use_awaitable, error));
      if (error || closes)
        break;
      const auto size =
        co_await x->socket.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
      if (error)
        break;
      auto answer = session.receive({bytes.data(), size});
      if (answer.delay > duration::zero()) {
        x->timer.expires_after(answer.delay);
        co_await x->timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
      said = std::move(answer.text);
      closes = answer.closes;
    }
    x->close();
    connections.erase(x);
  }

  void watch(const std::shared_ptr<connection>& x) {
    x->timer.expires_after(how.idle_max);
    x->timer.async_wait([weak = std::weak_ptr{x}](const boost::system::error_code& error) {
      if (const auto idle = error ? nullptr : weak.lock())
        idle->close();
    });
  }

  void close() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    for (const auto& x : connections)
      x->close();
  }

  smtp_options how;
  asio::io_context& context;
  tcp::acceptor acceptor;
  const std::uint16_t port;
  std::set<std::shared_ptr<connection>> connections;
};

smtp_server::smtp_server(smtp_options how, asio::io_context& on)
  : shared_(std::make_shared<shared>(std::move(how), on)) {
  asio::co_spawn(on, shared_->accept(), asio::detached);
}

smtp_server::~smtp_server() {
  // On its thread, and waited for: nothing is taken once this has ended.
  std::promise<void> closed;
  asio::post(shared_->context, [x = shared_, &closed] {
    x->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

std::uint16_t smtp_server::port() const {
  return shared_->port;
}

} // namespace troupe::sandbox
