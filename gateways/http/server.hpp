// gateways/http/server.hpp: an HTTP/1.1 server on io_contexts that run elsewhere.
#pragma once

#include "actors/kernel/live.hpp"
#include "actors/kernel/uuid.hpp"
#include "gateways/http/route.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gateway {

struct limits {
  std::size_t head_bytes_max = 16 * 1024;   // then 431
  std::size_t body_bytes_max = 1024 * 1024; // then 413
  std::size_t json_depth_max = 64;          // then 400
  std::size_t connections_max = 10'000;     // then 503, and the connection is closed
  duration head_time{10'000};               // from its first byte to its last; then 408
  duration body_time{30'000};               // the same
  duration idle_time{60'000};               // between requests; then the connection is closed
  duration write_time{30'000};              // for a client to take an answer; then the connection is closed
  duration drain_time{30'000};              // that stop() gives to requests in flight

  bool operator==(const limits&) const = default;
};

/// A request that has been answered. The views hold during the call only.
struct finished {
  std::string_view method; // empty when the request could not be read
  std::string_view route;  // the pattern; empty when there was none
  std::string_view path;   // as asked for, without the query
  int status = 0;
  std::chrono::microseconds took{0}; // from the last byte of the request to the first of the answer
  const request_context& context;
  std::string_view correlation; // the client's own id of the request; empty: its trace id stands for it
};

struct options {
  std::string address = "127.0.0.1"; // of an interface of this machine
  std::uint16_t port = 0;            // 0: the system chooses
  live<gateway::limits> limits;      // sizes hold for connections made from when they are set, the rest at once
  std::string operator_key;          // empty: nobody is the operator
  clock_fn now;                      // called on every io thread
  random_fn random;                  // called by the constructor only
  std::function<void(const finished&)> observe; // called on the io threads: must not block or throw
  /// Told why when no connection can be accepted any more, once, on an io thread: must not block or throw.
  std::function<void(const std::string&)> failed{};
};

/// What becomes of a request at a server without routes.
struct exchange_result {
  enum class ending {
    answered,
    truncated, // half of the body is sent, then the connection is closed
    dropped,   // the connection is closed without an answer
  };

  http::response answer{};
  duration delay{0}; // before any of it happens
  exchange_result::ending ending = ending::answered;
};

using plain_handler = std::function<boost::asio::awaitable<exchange_result>(http::request)>;

/// Listens from construction to stop() or destruction. Connections are dealt to the contexts in turn and stay there:
/// handlers run on the thread of their connection. Requests of one connection are answered one after another.
class server {
public:
  using contexts = std::vector<std::reference_wrapper<boost::asio::io_context>>;

  /// Throws boost::system::system_error when it cannot listen. The contexts and the system must outlive the server,
  /// and each context must be run by one thread as long as the server lives.
  server(options with, const contexts& on, caf::actor_system& system, router routes);

  /// A server without routes, identities or validation: `handle` gets every request that can be read.
  server(options with, const contexts& on, plain_handler handle);

  /// Like stop(), without waiting for requests in flight.
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  std::uint16_t port() const;

  /// How many connections are open.
  std::size_t connections() const;

  /// Accepts no more connections, closes the idle ones, and waits until the requests in flight have been answered, at
  /// most limits.drain_time; then what is left is cut off. Whether everything was answered. May be repeated. Not on a
  /// thread that runs one of the contexts.
  bool stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::gateway
