#include "supervisors/reader_pool.hpp"

#include "actors/timer.hpp"

#include <caf/send.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

const std::string& context_of(const journal::load& x) {
  return x.stream.context;
}
const std::string& context_of(const journal::read_stream& x) {
  return x.stream.context;
}
const std::string& context_of(const journal::read_latest& x) {
  return x.filter.context;
}
template <class Request> const std::string& context_of(const Request& x) {
  return x.context;
}

/// Whether the store is to blame, and may answer the next time.
bool is_outage(const caf::error& why) {
  return why.category() != caf::type_id_v<ec> || code_of(why) == ec::store_unavailable;
}

} // namespace

template <class Request, class Answer> class reader_pool::job_of final : public job {
public:
  job_of(Request request, caf::typed_response_promise<Answer> reply)
    : request_(std::move(request)), reply_(std::move(reply)) {}

  void ask(reader_pool& by, pool& of, const journal::reader_actor& whom) override {
    const auto mine = self.lock();
    by.self_->request(whom, caf::infinite, request_)
      .then(
        [this, mine, &by, &of, whom](Answer& x) {
          by.answered(of, mine, whom);
          reply_.deliver(std::move(x));
        },
        [mine, &by, &of, whom](caf::error& why) { by.failed(of, mine, whom, std::move(why)); });
  }
  void fail(caf::error why) override { reply_.deliver(std::move(why)); }

  std::weak_ptr<job> self;

private:
  Request request_;
  caf::typed_response_promise<Answer> reply_;
};

reader_pool::reader_pool(journal::reader_actor::pointer self, reader_pool_settings with)
  : self_(self), with_(std::move(with)) {
  const auto add = [this](const std::string& context, const pool_size& size) {
    pool made{context, size, resilience::circuit_breaker{with_.breaker}, figures_of(context), {}, 0, {}};
    made.size.most = std::max<std::size_t>(1, made.size.most);
    note(pools_.emplace(context, std::move(made)).first->second);
  };
  add({}, with_.shared);
  for (const auto& [context, size] : with_.own)
    add(context, size);
}

reader_pool::~reader_pool() = default;

journal::reader_actor::behavior_type reader_pool::make_behavior() {
  run_later(self_, with_.idle_max, [this] { trim(); });
  return {
    [this](journal::load& x) { return read<journal::recovered_stream>(context_of(x), x); },
    [this](journal::read_stream& x) { return read<journal::page>(context_of(x), x); },
    [this](journal::read_shard& x) { return read<journal::page>(context_of(x), x); },
    [this](journal::read_due& x) { return read<journal::due_page>(context_of(x), x); },
    [this](journal::read_keys& x) { return read<journal::key_page>(context_of(x), x); },
    [this](journal::read_positions& x) { return read<journal::position_page>(context_of(x), x); },
    [this](journal::read_latest& x) { return read<journal::latest_events>(context_of(x), x); },
    [this](journal::read_due_count& x) { return read<journal::due_count>(context_of(x), x); },
  };
}

template <class Answer, class Request>
caf::result<Answer> reader_pool::read(const std::string& context, Request& request) {
  auto& of = pool_of(context);
  auto reply = self_->make_response_promise<Answer>();
  auto begun = std::make_shared<job_of<Request, Answer>>(std::move(request), reply);
  begun->self = begun;
  begun->until = with_.now() + with_.patience;
  begin(of, std::move(begun));
  return reply;
}

reader_pool::figures reader_pool::figures_of(const std::string& context) {
  auto& metrics = self_->system().metrics();
  const std::vector<caf::telemetry::label_view> pool{{"pool", context.empty() ? "shared" : context}};
  const auto gauge = [&](caf::string_view what, caf::string_view help) {
    return metrics.gauge_family("troupe", what, {"pool"}, help)->get_or_add(pool);
  };
  return {
    gauge("store_connections", "Connections that read the store."),
    gauge("store_connections_busy", "Connections that are reading the store."),
    gauge("store_reads_waiting", "Reads that wait for a connection."),
    metrics
      .counter_family("troupe", "store_reads_refused", {"pool"}, "Reads of the store that were not begun.", "1", true)
      ->get_or_add(pool)};
}

reader_pool::pool& reader_pool::pool_of(const std::string& context) {
  const auto own = pools_.find(context);
  return own != pools_.end() ? own->second : pools_.at({});
}

void reader_pool::begin(pool& of, job_ptr x) {
  const auto now = with_.now();
  if (of.breaker.refuses(now)) {
    of.shown.refused->inc();
    return x->fail(make_failure(ec::store_unavailable, of.breaker.wait(now),
                                "the store is not asked at the moment: " + of.breaker.reason()));
  }
  if (!of.idle.empty()) {
    auto whom = std::move(of.idle.back().actor);
    of.idle.pop_back();
    return use(of, std::move(x), std::move(whom));
  }
  if (of.open < of.size.most) {
    ++of.open;
    auto whom = with_.connect();
    self_->link_to(whom);
    return use(of, std::move(x), std::move(whom));
  }
  if (of.waiting.size() >= with_.waiting_max) {
    of.shown.refused->inc();
    return x->fail(caf::make_error(ec::overloaded));
  }
  of.waiting.push_back(std::move(x));
  note(of);
  watch(of);
}

void reader_pool::use(pool& of, job_ptr x, journal::reader_actor whom) {
  const auto admitted = of.breaker.admit(with_.now());
  ensure(admitted.has_value(), "a read that the breaker has not admitted");
  x->admitted = *admitted;
  x->ask(*this, of, whom);
  note(of);
}

void reader_pool::answered(pool& of, const job_ptr& x, const journal::reader_actor& whom) {
  of.breaker.succeeded(x->admitted, with_.now());
  is_free(of, whom);
}

void reader_pool::failed(pool& of, const job_ptr& x, const journal::reader_actor& whom, caf::error why) {
  if (!is_outage(why)) {
    of.breaker.succeeded(x->admitted, with_.now());
    x->fail(std::move(why));
    return is_free(of, whom);
  }
  of.breaker.failed(x->admitted, with_.now());
  if (++x->failures < with_.retry.attempts && !of.breaker.refuses(with_.now()))
    run_later(self_, resilience::pause_after(x->failures, with_.retry, with_.jitter()), [this, &of, x] {
      x->until = with_.now() + with_.patience;
      begin(of, x);
    });
  else
    x->fail(why.category() == caf::type_id_v<ec> ? std::move(why) : caf::make_error(ec::store_unavailable));
  is_free(of, whom);
}

void reader_pool::is_free(pool& of, const journal::reader_actor& whom) {
  const auto now = with_.now();
  of.idle.push_back({whom, now});
  while (!of.waiting.empty() && !of.idle.empty()) {
    auto next = std::move(of.waiting.front());
    of.waiting.pop_front();
    begin(of, std::move(next));
  }
  note(of);
}

void reader_pool::watch(pool& of) {
  if (of.waiting.empty() || std::exchange(of.watched, true))
    return;
  run_later(self_, of.waiting.front()->until - with_.now(), [this, &of] {
    of.watched = false;
    const auto now = with_.now();
    while (!of.waiting.empty() && of.waiting.front()->until <= now) {
      of.shown.refused->inc();
      of.waiting.front()->fail(make_failure(ec::store_unavailable, duration{0},
                                            "all " + std::to_string(of.size.most)
                                              + " connections that read the store were busy for "
                                              + resilience::span_text(with_.patience)));
      of.waiting.pop_front();
    }
    note(of);
    watch(of);
  });
}

void reader_pool::trim() {
  const auto now = with_.now();
  for (auto& [context, of] : pools_) {
    while (of.open > of.size.kept && !of.idle.empty() && now - of.idle.front().since >= with_.idle_max) {
      self_->unlink_from(of.idle.front().actor);
      caf::anon_send_exit(of.idle.front().actor, caf::exit_reason::user_shutdown);
      of.idle.erase(of.idle.begin());
      --of.open;
    }
    note(of);
  }
  run_later(self_, with_.idle_max, [this] { trim(); });
}

void reader_pool::note(pool& of) {
  of.shown.open->value(static_cast<std::int64_t>(of.open));
  of.shown.busy->value(static_cast<std::int64_t>(of.open - of.idle.size()));
  of.shown.waiting->value(static_cast<std::int64_t>(of.waiting.size()));
  const bool open = of.breaker.state() != resilience::breaker_state::closed;
  if (std::exchange(of.was_open, open) != open && with_.told)
    with_.told(of.context, open, open ? of.breaker.reason() : std::string{"a read was answered"});
}

} // namespace troupe
