#include "supervisors/health.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using std::chrono::seconds;

using namespace std::chrono_literals;
using condition = gateway::dependency::condition;

/// What is looked at, as a test sets it.
struct world {
  journal::health store{true, {}, {}, 0, 0, 0};
  caf::error read_failure; // of what is looked up in the store
  bool journal_answers = true;
  std::vector<caf::typed_response_promise<journal::health>> journal_silence;
  caf::error provider_failure;
  bool provider_answers = true;
  std::vector<caf::typed_response_promise<payment::payments>> provider_silence;
  std::vector<std::string> looked_for;
  int looks_at_store = 0;
  dead_letter::group_list letters;
  bool directory_answers = true;
  std::map<dead_letter::source, std::size_t> letters_told;
  std::map<std::string, journal::due_count> due; // by context
  bool counts = true;
  std::vector<journal::read_due_count> counted;
  std::map<std::string, std::pair<std::uint64_t, duration>> queues_told;
};

using world_ptr = std::shared_ptr<world>;

journal::journal_actor::behavior_type make_journal(journal::journal_actor::pointer self, world_ptr state) {
  const auto unused = caf::make_error(ec::refused);
  return {
    [unused](const journal::append&) -> caf::result<journal::appended> { return unused; },
    [unused](const journal::load&) -> caf::result<journal::recovered_stream> { return unused; },
    [](const journal::forget&) {},
    [unused](const journal::read_stream&) -> caf::result<journal::page> { return unused; },
    [unused](const journal::read_shard&) -> caf::result<journal::page> { return unused; },
    [state](const journal::read_due&) -> caf::result<journal::due_page> {
      if (state->read_failure)
        return state->read_failure;
      return journal::due_page{};
    },
    [unused](const journal::read_keys&) -> caf::result<journal::key_page> { return unused; },
    [unused](const journal::read_positions&) -> caf::result<journal::position_page> { return unused; },
    [unused](const journal::read_latest&) -> caf::result<journal::latest_events> { return unused; },
    [state](const journal::read_due_count& x) -> caf::result<journal::due_count> {
      state->counted.push_back(x);
      if (!state->counts)
        return caf::make_error(ec::store_unavailable);
      return state->due[x.context];
    },
    [unused](const journal::subscribe&) -> caf::result<journal::subscribed> { return unused; },
    [unused](const journal::save_offsets&) -> caf::result<void> { return unused; },
    [self, state](const journal::get_health&) -> caf::result<journal::health> {
      ++state->looks_at_store;
      if (state->journal_answers)
        return state->store;
      state->journal_silence.push_back(self->make_response_promise<journal::health>());
      return state->journal_silence.back();
    },
  };
}

payment::provider_actor::behavior_type make_provider(payment::provider_actor::pointer self, world_ptr state) {
  const auto unused = caf::make_error(ec::refused);
  return {
    [unused](const request_context&, const payment::authorize&) -> caf::result<payment::payment> { return unused; },
    [unused](const request_context&, const payment::capture&) -> caf::result<payment::payment> { return unused; },
    [unused](const request_context&, const payment::void_payment&) -> caf::result<payment::payment> { return unused; },
    [unused](const request_context&, const payment::refund&) -> caf::result<payment::refunded> { return unused; },
    [self, state](const request_context&, const payment::find_payments& x) -> caf::result<payment::payments> {
      state->looked_for.push_back(x.reference);
      if (state->provider_failure)
        return state->provider_failure;
      if (state->provider_answers)
        return payment::payments{};
      state->provider_silence.push_back(self->make_response_promise<payment::payments>());
      return state->provider_silence.back();
    },
  };
}

dead_letter::directory_actor::behavior_type make_directory(dead_letter::directory_actor::pointer, world_ptr state) {
  const auto unused = caf::make_error(ec::refused);
  return {
    [state](const dead_letter::list_groups&) -> caf::result<dead_letter::group_list> {
      if (!state->directory_answers)
        return caf::make_error(ec::store_unavailable);
      return state->letters;
    },
    [unused](const dead_letter::list_letters&) -> caf::result<dead_letter::letter_list> { return unused; },
    [](const dead_letter::changed&) {},
    [](const dead_letter::elsewhere&) {},
    [](dead_letter::read_again) {},
  };
}

class HealthChecks : public test::deterministic_system {
protected:
  void start() {
    health_checks checks;
    checks.journal = sys.spawn(make_journal, state);
    checks.providers["main"].actor = sys.spawn(make_provider, state);
    checks.now = [this] { return now(); };
    checks.parts = parts;
    checks.letters = sys.spawn(make_directory, state);
    checks.letters_open = [this](dead_letter::source x, std::size_t open) { state->letters_told[x] = open; };
    checks.pauses = pauses.published();
    checks.queues = queues;
    checks.depth_max = depth_max;
    checks.queue_counted = [this](const std::string& name, std::uint64_t depth, duration age) {
      state->queues_told[name] = {depth, age};
    };
    health = spawn_health_checks(sys, std::move(checks), board);
    run();
  }

  void TearDown() override {
    self->send_exit(std::exchange(health, {}), caf::exit_reason::kill);
    run(); // It would set timers again when the promises break.
    state->journal_silence.clear();
    state->provider_silence.clear();
    deterministic_system::TearDown();
  }

  gateway::dependency of(const std::string& name) const {
    for (const auto& x : board->report().dependencies)
      if (x.name == name)
        return x;
    ADD_FAILURE() << "nothing is known of " << name;
    return {};
  }

  world_ptr state = std::make_shared<world>();
  std::shared_ptr<health_board> board = std::make_shared<health_board>();
  std::shared_ptr<const supervision::tree> parts;
  pause::registry pauses{pause::board{}};
  std::vector<watched_queue> queues{{"payment.process", "order"}, {"email.send", "notification"}};
  live<std::uint64_t> depth_max{10};
  caf::actor health;
};

TEST_F(HealthChecks, RequireTheStoreAndNotTheProviders) {
  start();
  EXPECT_EQ(of("store").is, condition::up);
  EXPECT_TRUE(of("store").required);
  EXPECT_EQ(of("payment/main").is, condition::up);
  EXPECT_FALSE(of("payment/main").required);
}

TEST_F(HealthChecks, DoNotAskAProviderThatIsPausedAndSaySo) {
  pauses.put({pause::kind::provider, "main"}, pause::paused{"maintenance", "ada", now()});
  start();
  advance(60s);
  EXPECT_TRUE(state->looked_for.empty());
  auto report = board->report();
  mark_paused(report, *pauses.published());
  const auto found = std::find_if(report.dependencies.begin(), report.dependencies.end(),
                                  [](const auto& x) { return x.name == "payment/main"; });
  ASSERT_NE(found, report.dependencies.end());
  EXPECT_EQ(found->is, condition::paused);
  EXPECT_EQ(found->detail, "paused by ada: maintenance");
  pauses.put({pause::kind::provider, "main"}, std::nullopt);
  advance(1s);
  EXPECT_EQ(of("payment/main").is, condition::up);
}

TEST(MarkPaused, ShowsWhatNobodyLooksAtAsWell) {
  pause::registry at{pause::board{}};
  for (const auto& what : {pause::target{pause::kind::outlet, "email"},
                           {pause::kind::provider, "email.smtp"},
                           {pause::kind::saga, "order"},
                           {pause::kind::order, "o-1"}})
    at.put(what, pause::paused{"drill", "ada", time_point{}});
  gateway::health_report report;
  report.dependencies = {{"payment/main", condition::up, false, {}, {}}};
  mark_paused(report, *at.published());
  std::vector<std::string> paused;
  for (const auto& x : report.dependencies)
    if (x.is == condition::paused && !x.required)
      paused.push_back(x.name);
  EXPECT_EQ(paused, (std::vector<std::string>{"provider/email.smtp", "outlet/email", "saga/order"}));
}

TEST_F(HealthChecks, KnowNothingBeforeTheFirstAnswer) {
  state->journal_answers = false;
  state->provider_answers = false;
  start();
  EXPECT_EQ(of("store").is, condition::unknown);
  EXPECT_EQ(of("payment/main").is, condition::unknown);
}

TEST_F(HealthChecks, LookAtTheStoreEachSecond) {
  start();
  state->store = {false, "no space left", {}, 0, 0, 0};
  advance(999ms);
  EXPECT_EQ(of("store").is, condition::up);
  advance(1ms);
  EXPECT_EQ(of("store").is, condition::down);
  EXPECT_EQ(of("store").detail, "no space left");
  EXPECT_EQ(of("store").checked_at, now());
  state->store = {true, {}, {}, 0, 0, 0};
  advance(1s);
  EXPECT_EQ(of("store").is, condition::up);
  EXPECT_EQ(state->looks_at_store, 3);
}

TEST_F(HealthChecks, TakeAStoreThatCannotBeReadForDown) {
  start();
  state->read_failure = caf::make_error(ec::store_unavailable, std::string{"disk I/O error"});
  advance(1s);
  EXPECT_EQ(of("store").is, condition::down);
  EXPECT_NE(of("store").detail.find("cannot be read: "), std::string::npos) << of("store").detail;
  state->read_failure = {};
  advance(1s);
  EXPECT_EQ(of("store").is, condition::up);
}

TEST_F(HealthChecks, LookAtProvidersEveryThirtySecondsForWhatNobodyOrdered) {
  start();
  EXPECT_EQ(state->looked_for, std::vector<std::string>{payment::probe_reference});
  state->provider_failure = caf::make_error(ec::denied);
  for (int i = 0; i < 29; ++i)
    advance(1s);
  EXPECT_EQ(of("payment/main").is, condition::up);
  advance(1s);
  EXPECT_EQ(of("payment/main").is, condition::down);
  EXPECT_NE(of("payment/main").detail, "");
  EXPECT_EQ(state->looked_for.size(), 2u);
}

TEST_F(HealthChecks, TakeSilenceForDownAndGoOnLooking) {
  start();
  state->journal_answers = false;
  state->provider_answers = false;
  for (int i = 0; i < 35; ++i) // 30 s until the next look at the provider, 5 s of patience with it
    advance(1s);
  EXPECT_EQ(of("store").is, condition::down);
  EXPECT_EQ(of("payment/main").is, condition::down);
  state->journal_answers = true;
  state->provider_answers = true;
  for (int i = 0; i < 31; ++i)
    advance(1s);
  EXPECT_EQ(of("store").is, condition::up);
  EXPECT_EQ(of("payment/main").is, condition::up);
}

struct part_row {
  const char* what;
  supervision::condition is;
  duration since;
  duration oldest;
  bool well;
};

class HealthOfParts : public ::testing::TestWithParam<part_row> {};

TEST_P(HealthOfParts, IsThatOfTheSlowest) {
  const auto& x = GetParam();
  const time_point now{duration{1'000'000}};
  supervision::row fine;
  fine.path = "node/fine";
  fine.is = supervision::condition::up;
  auto odd = fine;
  odd.path = "node/odd";
  odd.is = x.is;
  odd.since = now - x.since;
  odd.oldest = x.oldest;
  odd.last_error = "an invariant broke";
  const auto found = judge({fine, odd}, {duration{2'000}, duration{10'000}}, now);
  EXPECT_EQ(found.is, x.well ? condition::up : condition::down) << x.what;
  EXPECT_TRUE(found.required);
  EXPECT_EQ(found.detail.find("node/odd") != std::string::npos, !x.well) << found.detail;
  EXPECT_EQ(oldest_message({fine, odd}), x.oldest);
}

INSTANTIATE_TEST_SUITE_P(
  Table, HealthOfParts,
  ::testing::Values(part_row{"a short wait", supervision::condition::up, duration{60'000}, duration{9'999}, true},
                    part_row{"a long wait", supervision::condition::up, duration{60'000}, duration{10'000}, false},
                    part_row{"a restart", supervision::condition::waiting, duration{9'999}, duration{0}, true},
                    part_row{"no restart", supervision::condition::waiting, duration{10'000}, duration{0}, false},
                    part_row{"no start", supervision::condition::starting, duration{10'000}, duration{0}, false},
                    part_row{"meant to end", supervision::condition::ended, duration{10'000}, duration{0}, true}));

TEST_F(HealthChecks, CallANodeOverloadedByTheAgeOfItsMessages) {
  const auto tree = std::make_shared<supervision::tree>();
  parts = tree;
  tree->set("node/orders", supervision::condition::up, now());
  start();
  EXPECT_EQ(of("parts").is, condition::up);
  ASSERT_TRUE(tree->ask("node/orders", sched.clock().now())); // and nobody answers
  advance(seconds{1});
  EXPECT_FALSE(board->is_overloaded());
  advance(seconds{1});
  advance(seconds{1});
  EXPECT_TRUE(board->is_overloaded());
  EXPECT_EQ(of("parts").is, condition::up) << "slow, and still of use";
  for (int i = 0; i < 10; ++i)
    advance(seconds{1});
  EXPECT_EQ(of("parts").is, condition::down);
  EXPECT_FALSE(tree->ask("node/orders", sched.clock().now())) << "one look at a time";
}

TEST_F(HealthChecks, TellHowManyDeadLettersOfEachSourceAreOpenAlsoWhenThereAreNone) {
  using dead_letter::source;
  const auto group = [](source from, std::string code, std::size_t count) {
    dead_letter::group x;
    x.cause = {from, std::move(code), "node/entities/orders"};
    x.count = count;
    return x;
  };
  state->letters.groups = {group(source::poisoned_event, "a", 2), group(source::poisoned_event, "b", 3)};
  start();
  EXPECT_EQ(state->letters_told.size(), 5u);
  EXPECT_EQ(state->letters_told[source::poisoned_event], 5u);
  EXPECT_EQ(state->letters_told[source::outlet_gave_up], 0u);
  // What cannot be counted just now stays as it was, and is counted again.
  state->directory_answers = false;
  state->letters.groups.clear();
  advance(5s);
  EXPECT_EQ(state->letters_told[source::poisoned_event], 5u);
  state->directory_answers = true;
  advance(5s);
  EXPECT_EQ(state->letters_told[source::poisoned_event], 0u);
}

// ---- queues ---------------------------------------------------------------------------------------------------------

TEST_F(HealthChecks, CountWhatIsDueWithinAMinuteOfEachQueueEachMinute) {
  state->due["order"] = {3, now() + 20s};
  start();
  ASSERT_EQ(state->counted.size(), 2u);
  EXPECT_EQ(state->counted[0].context, "order");
  EXPECT_EQ(state->counted[0].until, now() + 60s);
  EXPECT_EQ(state->counted[1].context, "notification");
  EXPECT_EQ(state->queues_told["payment.process"], (std::pair<std::uint64_t, duration>{3, 0s})) << "none is overdue";
  EXPECT_EQ(state->queues_told["email.send"], (std::pair<std::uint64_t, duration>{0, 0s}));
  for (int i = 0; i < 59; ++i)
    advance(1s);
  EXPECT_EQ(state->counted.size(), 2u);
  advance(1s);
  EXPECT_EQ(state->counted.size(), 4u);
  EXPECT_EQ(state->queues_told["payment.process"], (std::pair<std::uint64_t, duration>{3, 40s}))
    << "the oldest was due 40 s ago";
}

TEST_F(HealthChecks, CallAQueueDownFromItsLimitOnAndTheNodeReadyAllTheSame) {
  state->due["order"] = {9, now()};
  state->due["notification"] = {10, now()};
  start();
  EXPECT_EQ(of("queue/payment.process").is, condition::up);
  EXPECT_EQ(of("queue/payment.process").detail, "");
  EXPECT_EQ(of("queue/payment.process").checked_at, now());
  EXPECT_EQ(of("queue/email.send").is, condition::down);
  EXPECT_EQ(of("queue/email.send").detail, "10 wait, and operations.queue_depth_max is 10");
  for (const auto* each : {"queue/payment.process", "queue/email.send"})
    EXPECT_FALSE(of(each).required) << each;
  state->due["notification"] = {};
  for (int i = 0; i < 60; ++i)
    advance(1s);
  EXPECT_EQ(of("queue/email.send").is, condition::up);
}

TEST_F(HealthChecks, HeedAnotherLimitOfQueuesAtOnce) {
  state->due["order"] = {9, now()};
  start();
  const auto counted_at = now();
  EXPECT_EQ(of("queue/payment.process").is, condition::up);
  depth_max.set(9);
  advance(1s);
  EXPECT_EQ(of("queue/payment.process").is, condition::down);
  EXPECT_EQ(of("queue/payment.process").checked_at, counted_at) << "by the same count";
  depth_max.set(1'000);
  advance(1s);
  EXPECT_EQ(of("queue/payment.process").is, condition::up);
  EXPECT_EQ(state->counted.size(), 2u);
}

TEST_F(HealthChecks, KnowNothingOfAQueueThatCannotBeCountedAndTryAgainSoon) {
  state->counts = false;
  state->due["order"] = {12, now()};
  start();
  EXPECT_EQ(of("queue/payment.process").is, condition::unknown);
  EXPECT_NE(of("queue/payment.process").detail.find("cannot be counted"), std::string::npos);
  EXPECT_TRUE(state->queues_told.empty());
  state->counts = true;
  for (int i = 0; i < 5; ++i)
    advance(1s);
  EXPECT_EQ(of("queue/payment.process").is, condition::down);
  EXPECT_EQ(state->queues_told["payment.process"].first, 12u);
}

} // namespace
} // namespace troupe
