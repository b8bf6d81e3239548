// bench/load/driver.hpp: sends a scenario's requests over connections that are kept, from one thread.
#pragma once

#include "bench/load/histogram.hpp"
#include "bench/load/scenario.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::load {

using steady = std::chrono::steady_clock;

struct endpoint {
  std::string host;
  std::string port;

  /// `http://HOST[:PORT]`, nothing else; nothing for another form.
  static std::optional<endpoint> parse(std::string_view url);
  std::string host_field() const { return host + ':' + port; }
};

/// Nobody could be reached at the start.
class nobody_answers : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct plan {
  std::size_t in_flight = 64;         // closed loop: each connection asks when it has been answered
  std::optional<double> rate;         // open loop instead: requests a second, whether the others were answered or not
  std::size_t connections_max = 4096; // of an open loop; what is due meanwhile waits, and its latency counts on
  std::optional<std::uint64_t> requests;  // then it ends
  std::optional<steady::duration> length; // of sending; at least one of these two
  steady::duration warm_up{0};            // what is answered before is not in the figures, unless it is wrong
  steady::duration timeout = std::chrono::seconds{60}; // of one answer
  // Until so long after it was due, a request that was refused, failed or not answered is asked again, of the next
  // node.
  std::optional<steady::duration> patience;
};

/// One request at one node.
struct attempt {
  std::uint64_t number = 0; // of the request
  std::size_t node = 0;     // by its place in the list
  steady::time_point due;   // the request
  steady::time_point began;
  steady::time_point ended;
  bool connected = false;    // false: the node cannot have seen the request
  int status = 0;            // 0: no answer
  load::judgement judgement; // of an answer, or why there is none
  bool again = false;        // another one follows
};

struct result {
  histogram latency;      // of right answers; in an open loop from when they were due
  std::uint64_t sent = 0; // all of them
  std::uint64_t right = 0;
  std::uint64_t busy = 0;
  std::uint64_t wrong = 0;
  std::uint64_t failed = 0;                     // no answer: connection lost, timeout, no connection free
  std::map<std::string, std::uint64_t> reasons; // of everything but right ones
  std::uint64_t repeated = 0;                   // asked again; what became of it then is what counts above
  std::map<std::string, std::uint64_t> repeated_for;
  steady::duration measured{0};     // from the end of the warm-up to the end of sending
  std::uint64_t right_measured = 0; // right answers within it
  std::chrono::microseconds own_cpu{0};
  std::size_t connections = 0;

  double throughput() const;
};

struct state_now {
  steady::duration elapsed{0};
  const load::result& so_far;
  std::size_t in_flight = 0;
  std::size_t waiting = 0; // due and not sent
};

/// Carries out `what` at these nodes in turn. Calls `on_progress` five times a second. Throws nobody_answers when no
/// node takes a connection at the start; whatever fails later is counted. `stopped` ends the sending early.
result run(const std::vector<endpoint>& whom, scenario& asks, const plan& what,
           const std::function<void(const state_now&)>& on_progress = {}, const volatile bool* stopped = nullptr,
           const std::function<void(const attempt&)>& on_attempt = {});

} // namespace troupe::load
