// bench/guard.cpp: what a guard costs: CPU per call to a payment provider that answers at once, bare and guarded in
// turn. Usage: guard [calls [rounds]]; prints the medians: "bare <ns> ns, guarded <ns> ns, <ns> ns more".
#include "supervisors/entropy.hpp"
#include "supervisors/message_types.hpp"
#include "supervisors/observability/metrics.hpp"
#include "supervisors/resilience/payment_port.hpp"
#include "supervisors/scheduler/asio_coordinator.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <future>
#include <vector>

namespace {

using namespace troupe;

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

payment::provider_actor::behavior_type provider() {
  const payment::payment good{"p-1", payment::payment_status::authorized, {1290, *currency::parse("EUR")}, ""};
  return {
    [good](const request_context&, const payment::authorize&) { return good; },
    [good](const request_context&, const payment::capture&) { return good; },
    [good](const request_context&, const payment::void_payment&) { return good; },
    [](const request_context&, const payment::refund&) { return payment::refunded{}; },
    [](const request_context&, const payment::find_payments&) { return payment::payments{}; },
  };
}

/// Every part of a policy at work, and none of them in the way.
resilience::policy all_parts() {
  resilience::policy x;
  x.name = "bench";
  x.source = "bench";
  x.rate = {1'000'000'000, std::chrono::seconds{1}, 1'000'000};
  x.bulkhead = {1'000'000, 1'000, std::chrono::seconds{1}};
  x.breaker = {5, 50, std::chrono::seconds{10}, 10, std::chrono::seconds{30}, 3};
  x.retry.attempts = 3;
  return x;
}

/// Makes calls, some of them in flight at a time, as orders do.
struct caller {
  caf::event_based_actor* self;
  payment::provider_actor whom;
  long left;
  long open = 0;
  std::promise<void>* done;

  void call() {
    --left;
    ++open;
    self
      ->request(whom, caf::infinite,
                request_context{"order/01990000-0000-7000-8000-000000000001", {}, time_point::max()},
                payment::authorize{"01990000-0000-7000-8000-000000000001",
                                   "01990000-0000-7000-8000-000000000001/authorize",
                                   {1290, *currency::parse("EUR")},
                                   "tok_ok"})
      .then([this](const payment::payment&) { ended(); }, [this](const caf::error&) { std::abort(); });
  }

  void ended() {
    --open;
    if (left > 0)
      return call();
    if (open == 0)
      done->set_value();
  }
};

double per_call(caf::actor_system& system, const payment::provider_actor& whom, long calls) {
  std::promise<void> done;
  auto state = std::make_shared<caller>();
  const auto before = cpu_nanoseconds();
  system.spawn([&, state](caf::event_based_actor* self) {
    *state = {self, whom, calls, 0, &done};
    for (int i = 0; i < 64; ++i)
      state->call();
  });
  done.get_future().wait();
  return (cpu_nanoseconds() - before) / static_cast<double>(calls);
}

double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return x[x.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
  register_message_types();
  const long calls = argc > 1 ? std::max(64L, std::atol(argv[1])) : 300'000;
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 15;
  caf::actor_system_config config;
  scheduler::load_asio_scheduler(config, 1);
  caf::actor_system system{config};
  const auto bare = system.spawn([]() { return provider(); });
  const auto shielded = system.spawn([]() { return provider(); });
  const auto port = resilience::payment_port("bench", std::chrono::hours{24});
  service_metrics metrics{system, "bench", port.service, {"authorize", "capture", "void", "refund", "find"}};
  resilience::observer told;
  told.attempted = [&metrics](const resilience::finished_attempt& x) {
    metrics.finished(x.operation, x.answered ? std::nullopt : std::optional{x.failure}, x.took);
  };
  const auto guard = resilience::guard::spawn(system, caf::actor_cast<caf::strong_actor_ptr>(shielded), port,
                                              all_parts(), system_clock(), system_random(), told);
  const auto guarded = guard.as<payment::provider_actor>();
  per_call(system, bare, calls / 4);
  per_call(system, guarded, calls / 4);
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> more;
  for (int i = 0; i < rounds; ++i) {
    without.push_back(per_call(system, bare, calls));
    with.push_back(per_call(system, guarded, calls));
    more.push_back(with.back() - without.back());
  }
  std::printf("bare %.0f ns, guarded %.0f ns, %.0f ns more\n", median(without), median(with), median(more));
  caf::anon_send_exit(bare, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(guarded, caf::exit_reason::user_shutdown);
}
