// tests/simulation/remote.hpp: somebody else's server at the far end of a network, and what becomes of calls to it.
#pragma once

#include "adapters/http_client/http_client.hpp"
#include "tests/simulation/world.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace troupe::simulation {

/// Whether nobody hears the server just now.
struct remote_conditions {
  bool dark = false;
  bool refuses_connections = false;    // while it is dark; else it may also act, or not, and be silent
  std::uint64_t calls_in_the_dark = 0; // since the beginning
};

/// What becomes of a call, by probability.
struct remote_faults {
  double unreachable = 0;  // never connected
  double lost = 0;         // the connection breaks before it acts
  double lost_answer = 0;  // it acts, and the connection breaks
  double silent = 0;       // it does not act; timed out
  double timeout_lie = 0;  // it acts; timed out
  double late = 0;         // it acts after the caller has given up
  double twice = 0;        // it gets the call again, later
  double unavailable = 0;  // 503
  double rate_limited = 0; // 429 with Retry-After
  double broken = 0;       // it acts, and answers 500
  double garbled = 0;      // it acts, and its answer is cut off
  duration latency_max{200};
};

/// What the server itself does.
struct server {
  std::function<http::response(const http::request&)> act;
  std::function<http::response(int status)> refuse;    // an answer without acting, or after it
  std::function<void(const http::request&)> doubled{}; // told of a call that the network brings twice, before it acts
};

/// The way to a server, for the actor that plays an HTTP client.
class remote {
public:
  using reply_type = caf::typed_response_promise<http::response>;

  /// Mishaps are counted as "<name>: 503". `conditions` may change while it lives.
  remote(caf::scheduled_actor* self, world& w, std::string name, const remote_faults& faults,
         remote_conditions& conditions, server behind);

  void meet(http::call x, reply_type reply);

  /// Answers after a while without asking the server.
  void answer(reply_type reply, http::response x);

private:
  enum class fate {
    unreachable,
    lost,
    lost_answer,
    silent,
    timeout_lie,
    late,
    twice,
    unavailable,
    rate_limited,
    broken,
    garbled,
    good,
  };

  static std::string_view name_of(fate x);
  fate draw();
  void meet(fate what, http::call x, reply_type reply);
  void fail(ec code, reply_type reply, duration delay);
  void answer(reply_type reply, http::response x, duration delay);
  void later(duration delay, std::function<void()> what);

  caf::scheduled_actor* self_;
  world& world_;
  std::string name_;
  remote_faults faults_;
  remote_conditions& conditions_;
  server behind_;
  random_source random_;
};

} // namespace troupe::simulation
