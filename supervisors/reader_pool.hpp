// supervisors/reader_pool.hpp: several connections that read the store, behind a breaker.
#pragma once

#include "actors/entity/journal_actor.hpp"
#include "supervisors/resilience/circuit_breaker.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// How many connections some contexts read through.
struct pool_size {
  std::size_t kept = 5;  // stay open once they are; those above end when nobody needs them
  std::size_t most = 20; // at once, at least 1

  bool operator==(const pool_size&) const = default;
};

struct reader_pool_settings {
  pool_size shared;                     // of all contexts but those in `own`
  std::map<std::string, pool_size> own; // a pool for this context alone, so that no other one can take its connections
  duration idle_max{60'000};            // then a connection above those that are kept ends
  duration patience{5'000};             // for a free connection
  std::size_t waiting_max = 4'096;      // reads, a pool; then overloaded
  resilience::retry_rules retry{4, 0, resilience::backoff::exponential, duration{50}, duration{1'000}};
  resilience::breaker_rules breaker{5, 0, duration{10'000}, 10, duration{500}, 1};
  std::function<journal::reader_actor()> connect; // makes one more; it is ended by the pool
  clock_fn now;
  std::function<double()> jitter; // in [0, 1)
  /// A breaker of a pool has opened, or closed again: why, for people.
  std::function<void(const std::string& pool, bool open, const std::string& why)> told{};
};

/// Reads of a context go to its pool's connections, one at a time to each; more are opened as they are needed. A read
/// that failed because the store cannot be reached is tried again; when reads go on failing, the breaker refuses them
/// at once for a while instead of having each wait for a server that is not there, and one read finds out when it is
/// back. Shown as `troupe_store_connections{pool}`, `troupe_store_connections_busy{pool}`,
/// `troupe_store_reads_waiting{pool}` and `troupe_store_reads_refused_total{pool}`.
class reader_pool {
public:
  static constexpr const char* name = "reader_pool";

  reader_pool(journal::reader_actor::pointer self, reader_pool_settings with);
  ~reader_pool();

  journal::reader_actor::behavior_type make_behavior();

private:
  struct pool;

  /// One read with whoever waits for its answer.
  class job {
  public:
    virtual ~job() = default;
    virtual void ask(reader_pool& by, pool& of, const journal::reader_actor& whom) = 0;
    virtual void fail(caf::error why) = 0;

    resilience::circuit_breaker::generation admitted = 0;
    std::uint64_t failures = 0; // of the tries before
    time_point until;           // a connection must be free
  };
  using job_ptr = std::shared_ptr<job>;
  template <class Request, class Answer> class job_of;

  struct connection {
    journal::reader_actor actor;
    time_point since; // it is idle
  };

  struct figures {
    caf::telemetry::int_gauge* open;
    caf::telemetry::int_gauge* busy;
    caf::telemetry::int_gauge* waiting;
    caf::telemetry::int_counter* refused;
  };

  struct pool {
    std::string context; // empty for the shared one
    pool_size size;
    resilience::circuit_breaker breaker;
    figures shown;
    std::vector<connection> idle; // the one that was used last is at the end
    std::size_t open = 0;
    std::deque<job_ptr> waiting;
    bool was_open = false; // the breaker
    bool watched = false;  // a timer looks at what waits
  };

  template <class Answer, class Request> caf::result<Answer> read(const std::string& context, Request& request);
  figures figures_of(const std::string& context);
  pool& pool_of(const std::string& context);
  void begin(pool& of, job_ptr x);
  void use(pool& of, job_ptr x, journal::reader_actor whom);
  void answered(pool& of, const job_ptr& x, const journal::reader_actor& whom);
  void failed(pool& of, const job_ptr& x, const journal::reader_actor& whom, caf::error why);
  void is_free(pool& of, const journal::reader_actor& whom);
  void watch(pool& of);
  void trim();
  void note(pool& of);

  journal::reader_actor::pointer self_;
  reader_pool_settings with_;
  std::map<std::string, pool> pools_;
};

using reader_pool_impl = journal::reader_actor::stateful_impl<reader_pool>;

} // namespace troupe
