// gateways/http/session.hpp: one connection, and what the connections of one io thread share.
#pragma once

#include "gateways/http/request_reader.hpp"
#include "gateways/http/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>

namespace troupe::gateway {

class session;

/// What every connection of a server shares. Constant but for the counters.
struct shared_state {
  gateway::options options;
  std::optional<router> routes; // nothing: plain
  plain_handler plain;
  std::atomic<std::size_t> connections = 0;
  std::atomic<bool> draining = false;
  std::mutex mutex;
  std::condition_variable fewer; // connections
};

/// One io thread of a server. Used on that thread only.
struct lane : std::enable_shared_from_this<lane> {
  lane(boost::asio::io_context& on, std::shared_ptr<shared_state> of) : context(on), shared(std::move(of)) {}

  boost::asio::io_context& context;
  std::shared_ptr<shared_state> shared;
  std::unique_ptr<asker> actors; // nullptr for a plain server
  std::list<session*> sessions;
  std::uint64_t random_state = 0;

  /// Not for secrets.
  std::uint64_t random();

  /// The field's value, RFC 9110 section 5.6.7.
  std::string_view date();

private:
  std::chrono::sys_seconds dated_{std::chrono::seconds{-1}};
  std::array<char, 30> date_{};
};

class session : public std::enable_shared_from_this<session> {
public:
  using socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  /// Counts as a connection until it is destroyed.
  session(std::shared_ptr<lane> on, socket peer);
  ~session();

  /// Serves the connection until it closes; `self` keeps it alive.
  boost::asio::awaitable<void> run(std::shared_ptr<session> self);

  /// Closes the connection if no request has begun, otherwise after the next answer.
  void drain();

  void abort();

private:
  using steady = std::chrono::steady_clock;

  struct answer_to {
    http::response response;
    const route* by = nullptr;
    bool keep = true; // the connection
    std::size_t body_bytes_max = std::string::npos;
  };

  std::string_view unread() const { return {in_.data() + begin_, end_ - begin_}; }
  boost::asio::mutable_buffer space();

  void limit(steady::time_point at);
  void limit(duration from_now) { limit(steady::now() + from_now); }
  void on_time();

  void identify(incoming& in);
  const route* prepare(incoming& in, http::response& refusal);
  void compose(const answer_to& x, const request_context& context);
  void append_trace(const trace_context& trace);

  boost::asio::awaitable<bool> send(); // what out_ holds; whether the client took it
  boost::asio::awaitable<void> linger();

  std::shared_ptr<lane> lane_;
  std::list<session*>::iterator place_;
  socket socket_;
  boost::asio::steady_timer timer_; // for limit_; runs on when the limit moves away, which it nearly always does
  boost::asio::steady_timer pause_;
  steady::time_point limit_ = steady::time_point::max();
  steady::time_point armed_ = steady::time_point::max();
  request_reader reader_;
  std::string in_;
  std::size_t begin_ = 0; // of what is unread
  std::size_t end_ = 0;
  std::string out_;
  std::string correlation_; // echoed
  router::parameters params_;
  bool expired_ = false;
  bool reading_ = false;
};

} // namespace troupe::gateway
