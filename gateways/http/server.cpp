#include "gateways/http/server.hpp"

#include "gateways/http/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <future>
#include <stdexcept>

namespace troupe::gateway {

namespace {

using tcp = boost::asio::ip::tcp;
using acceptor = boost::asio::basic_socket_acceptor<tcp, boost::asio::io_context::executor_type>;

constexpr auto as_tuple = boost::asio::as_tuple(boost::asio::deferred);
constexpr std::chrono::milliseconds accept_pause{100}; // after running out of descriptors
constexpr std::chrono::seconds cut_time{5};            // for handlers to notice that they have been cut off

constexpr std::string_view too_many = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                                      "Retry-After: 1\r\nConnection: close\r\nContent-Length: 80\r\n\r\n"
                                      R"({"type":"/problems/overloaded","title":"Too many connections","status":503} )"
                                      "    ";

/// Not for want of descriptors or memory, nor by the fault of one client: accept(2) on what listens no more.
bool is_for_good(const boost::system::error_code& x) {
  return x == boost::system::errc::bad_file_descriptor || x == boost::system::errc::invalid_argument
         || x == boost::system::errc::not_a_socket;
}

// Accepts for all lanes. Lives on the context of the first.
struct door : std::enable_shared_from_this<door> {
  door(const std::vector<std::shared_ptr<lane>>& to, std::shared_ptr<shared_state> of)
    : lanes(to), shared(std::move(of)), listening(lanes.front()->context), pause(lanes.front()->context) {}

  void open() {
    const auto& wanted = shared->options;
    try {
      const tcp::endpoint where{boost::asio::ip::make_address(wanted.address), wanted.port};
      listening.open(where.protocol());
      listening.set_option(acceptor::reuse_address{true});
      listening.bind(where);
      listening.listen();
    } catch (const boost::system::system_error& e) {
      // Its text names a place in a library, which helps nobody.
      throw boost::system::system_error{{e.code().value(), e.code().category()},
                                        "cannot listen on " + wanted.address + ':' + std::to_string(wanted.port)
                                          + ", end what does or choose another address or port"};
    }
  }

  boost::asio::awaitable<void> run([[maybe_unused]] std::shared_ptr<door> self) {
    for (std::size_t turn = 0; listening.is_open();) {
      const auto& to = lanes[turn % lanes.size()];
      session::socket peer{to->context};
      const auto [error] = co_await listening.async_accept(peer, as_tuple);
      if (error == boost::asio::error::operation_aborted)
        break;
      if (error && is_for_good(error)) {
        if (shared->options.failed)
          shared->options.failed("cannot accept connections: " + error.message());
        break;
      }
      if (error) {
        if (error == boost::asio::error::connection_aborted)
          continue;
        pause.expires_after(accept_pause);
        co_await pause.async_wait(as_tuple);
        continue;
      }
      welcome(to, std::move(peer));
      ++turn;
    }
  }

  void welcome(const std::shared_ptr<lane>& to, session::socket peer) {
    boost::system::error_code ignored;
    peer.non_blocking(true, ignored);
    peer.set_option(tcp::no_delay{true}, ignored);
    if (shared->connections >= shared->options.limits->connections_max) {
      peer.write_some(boost::asio::buffer(too_many), ignored);
      peer.shutdown(session::socket::shutdown_both, ignored);
      return;
    }
    ++shared->connections;
    boost::asio::dispatch(to->context, [to, peer = std::move(peer)]() mutable {
      const auto it = std::make_shared<session>(to, std::move(peer));
      boost::asio::co_spawn(to->context, it->run(it), boost::asio::detached);
    });
  }

  void close() {
    boost::system::error_code ignored;
    listening.close(ignored);
    pause.cancel();
  }

  std::vector<std::shared_ptr<lane>> lanes;
  std::shared_ptr<shared_state> shared;
  acceptor listening;
  boost::asio::steady_timer pause;
};

} // namespace

class server::impl {
public:
  impl(options with, const contexts& on, caf::actor_system* system, std::optional<router> routes, plain_handler plain)
    : shared_(std::make_shared<shared_state>()) {
    if (on.empty())
      throw std::invalid_argument("a server needs an io_context");
    if (!with.now || !with.random)
      throw std::invalid_argument("a server needs a clock and a source of randomness");
    shared_->options = std::move(with);
    shared_->routes = std::move(routes);
    shared_->plain = std::move(plain);
    for (auto& context : on) {
      auto x = std::make_shared<lane>(context.get(), shared_);
      x->random_state = shared_->options.random();
      if (system)
        x->actors = std::make_unique<asker>(*system, context.get());
      lanes_.push_back(std::move(x));
    }
    door_ = std::make_shared<door>(lanes_, shared_);
    door_->open();
    port_ = door_->listening.local_endpoint().port();
    boost::asio::co_spawn(door_->lanes.front()->context, door_->run(door_), boost::asio::detached);
  }

  ~impl() { stop(duration::zero()); }

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return shared_->connections; }
  duration drain_time() const { return shared_->options.limits->drain_time; }

  bool stop(duration patience) {
    if (stopped_)
      return true;
    stopped_ = true;
    shared_->draining = true;
    on(lanes_.front(), [this] { door_->close(); });
    for (const auto& x : lanes_)
      on(x, [&x] { for_each_session(*x, [](session& s) { s.drain(); }); });
    const auto answered = wait_for_the_last(patience);
    if (!answered) {
      for (const auto& x : lanes_)
        on(x, [&x] {
          for_each_session(*x, [](session& s) { s.abort(); });
          if (x->actors)
            x->actors->fail_all(ec::shutting_down);
        });
      wait_for_the_last(cut_time);
    }
    for (const auto& x : lanes_)
      on(x, [&x] { x->actors.reset(); });
    return answered;
  }

private:
  // Closing a session may end it, and take it from the list.
  template <class What> static void for_each_session(lane& x, What what) {
    for (auto at = x.sessions.begin(); at != x.sessions.end();)
      what(**at++);
  }

  template <class What> static void on(const std::shared_ptr<lane>& x, What what) {
    std::promise<void> done;
    boost::asio::post(x->context, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }

  bool wait_for_the_last(duration patience) {
    std::unique_lock lock{shared_->mutex};
    return shared_->fewer.wait_for(lock, patience, [this] { return shared_->connections == 0; });
  }

  std::shared_ptr<shared_state> shared_;
  std::vector<std::shared_ptr<lane>> lanes_;
  std::shared_ptr<door> door_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

server::server(options with, const contexts& on, caf::actor_system& system, router routes)
  : impl_(std::make_unique<impl>(std::move(with), on, &system, std::move(routes), nullptr)) {}

server::server(options with, const contexts& on, plain_handler handle)
  : impl_(std::make_unique<impl>(std::move(with), on, nullptr, std::nullopt, std::move(handle))) {}

server::~server() = default;

std::uint16_t server::port() const {
  return impl_->port();
}

std::size_t server::connections() const {
  return impl_->connections();
}

bool server::stop() {
  return impl_->stop(impl_->drain_time());
}

} // namespace troupe::gateway
