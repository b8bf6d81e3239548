#include "actors/cluster/lease_store.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "actors/pause/pause_actor.hpp"
#include "supervisors/supervision/failure.hpp"
#include "tests/actors/wire/samples.hpp"

namespace troupe::wire {

namespace {

using namespace std::chrono_literals;

guard::report fare() {
  guard::report x;
  x.name = "payment.sandbox";
  x.policy = "payment-api";
  x.source = "troupe.yaml:42";
  x.state = "half_open";
  x.mode = guard::breaker_mode::closed;
  x.reason = "an operator holds it";
  x.wait = 1'500ms;
  x.failures = 1;
  x.under_way = 2;
  x.in_line = 3;
  x.retries_left = 4;
  x.budget_calls = 5;
  x.rate = guard::allowance{100, 1s, 99};
  x.bulk_rate = guard::allowance{10, 1min, 9};
  x.calls = 6;
  x.refused = 7;
  x.retried = 8;
  x.failed = 9;
  x.rules = {{"breaker.open_time", "10s"}, {"retry.attempts", "3"}};
  x.recent = {{noon, "refused", "authorize", "order/o-1", "the breaker is open"}};
  x.actions = std::vector<guard::action>{{noon, "breaker", "open", "operator", "they asked us to"}};
  return x;
}

void add_guard(samples& to) {
  to.add("all", guard::get_guards{});
  to.add("all", guard::get_guard{"payment.sandbox"});
  to.add_with_each<guard::breaker_mode>([](guard::breaker_mode x) {
    return guard::set_breaker{"payment.sandbox", x, "they asked us to"};
  });
  to.add("all", guard::set_policy{"payment.sandbox", "payment-api", {{"breaker.open_time", "10s"}}, "a bad day"});
  to.add("all", fare());
  to.add("bare", guard::report{});
  to.add("all", guard::reports{{fare()}});
  to.add("bare", guard::reports{{guard::report{}}});
  to.add("all", guard::get_trail{"payment.sandbox"});
  to.add("all", guard::trail{"payment.sandbox",
                             {guard::breaker_mode::open, "they asked us to", "operator"},
                             {{noon, "breaker", "open", "operator", "they asked us to"}},
                             3});
  to.add_values<guard::rejection>();
}

void add_pause(samples& to) {
  const pause::target what{pause::kind::provider, "sandbox"};
  to.add("all", pause::begin{what, "they asked us to"});
  to.add("all", pause::resume{what, "they are back"});
  to.add_with_each<pause::kind>([](pause::kind x) { return pause::get{{x, "sandbox"}}; });
  to.add("paused", pause::status{what, pause::paused{"they asked us to", "operator", noon}, {{noon - 2h, noon - 1h}}});
  to.add("going_on", pause::status{what, std::nullopt, {}});
  to.add_values<pause::rejection>();
}

dead_letter::letter given_up() {
  dead_letter::letter x;
  x.source = dead_letter::source::outlet_gave_up;
  x.code = "refused";
  x.place = "outlet/webhooks/order";
  x.summary = "They would not take it";
  x.about = {"order", "o-1", 7, "o-1.capture"};
  x.sealed = std::string{"\0\xff sealed", 9};
  x.attempts = 5;
  x.origin = "operator";
  x.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return x;
}

dead_letter::state kept() {
  dead_letter::state x;
  x.status = dead_letter::status::replaying;
  x.letter = given_up();
  x.recorded_at = noon;
  x.occurrences = 2;
  x.replays = 3;
  x.last_job = "j-1";
  x.actions = {{"replay_requested", noon + 1s, "operator", "it is mended"}};
  return x;
}

dead_letter::job::state at_work() {
  dead_letter::job::state x;
  x.status = dead_letter::job::status::stopped;
  x.group = "0123456789abcdef";
  x.rate_per_second = 10;
  x.reason = "it is mended";
  x.by = "operator";
  x.begun_at = noon;
  x.last_at = noon + 1s;
  x.done = {noon - 1s, "l-1"};
  x.replayed = 1;
  x.failed = 2;
  x.skipped = 3;
  x.stop_reason = "it is not";
  x.stopped_by = "another";
  return x;
}

void add_dead_letter(samples& to) {
  const dead_letter::cause why{dead_letter::source::refused_webhook, "refused", "webhook/sandbox"};
  const dead_letter::entry entry{"l-1", why, dead_letter::status::replaying, noon, 5, "They would not take it"};
  to.add("all", dead_letter::record{"l-1", given_up(), 2});
  to.add_with_each<dead_letter::source>([](dead_letter::source x) {
    dead_letter::record out;
    out.letter.source = x;
    return out;
  });
  to.add("all", dead_letter::replay{"l-1", "it is mended", "j-1"});
  to.add("all", dead_letter::discard{"l-1", "not needed"});
  to.add("all", dead_letter::get_letter{"l-1"});
  to.add("all", dead_letter::await_replay{"l-1"});
  to.add("all", dead_letter::view{"l-1", kept(), true});
  to.add_with_each<dead_letter::status>([](dead_letter::status x) {
    dead_letter::view out;
    out.of.status = x;
    return out;
  });
  to.add_values<dead_letter::rejection>();
  to.add("all", dead_letter::replay_letter{"l-1", "l-1/1", given_up()});
  to.add("all", dead_letter::changed{entry, 4});
  to.add("all", dead_letter::elsewhere{{{entry, 4}}});
  to.add("all", dead_letter::list_groups{});
  to.add("all", dead_letter::group_list{{{"0123456789abcdef", why, 2, noon, noon + 1s, "l-1"}}, 2, true});
  to.add("first_page", dead_letter::list_letters{"", std::nullopt, 20});
  to.add("next_page", dead_letter::list_letters{"0123456789abcdef", dead_letter::cursor{noon, "l-1"}, 20});
  to.add("all", dead_letter::letter_list{{entry}, true, true, true});
  to.add("all", dead_letter::job::begin{"j-1", "0123456789abcdef", 20, "it is mended"});
  to.add("all", dead_letter::job::stop_job{"j-1", "it is not"});
  to.add("all", dead_letter::job::get_job{"j-1"});
  to.add("all", dead_letter::job::view{"j-1", at_work()});
  to.add_with_each<dead_letter::job::status>([](dead_letter::job::status x) {
    dead_letter::job::view out;
    out.of.status = x;
    return out;
  });
  to.add_values<dead_letter::job::rejection>();
}

void add_outlet(samples& to) {
  const outlet::place where{"webhooks", "order", "o-1"};
  to.add("failed", outlet::park{where, {70, 7, "order.placed"}, ec::refused, false});
  to.add("waits", outlet::park{where, {71, 8, "order.confirmed"}, std::nullopt, true});
  to.add("all", outlet::await_drained{where});
  to.add("all", outlet::parking_view{71, 2});
  to.add_values<outlet::rejection>();
}

} // namespace

void add_operations(samples& to) {
  add_guard(to);
  add_pause(to);
  add_dead_letter(to);
  add_outlet(to);
  to.add_values<supervision::failure>();
  to.add_values<cluster::rejection>();
}

} // namespace troupe::wire
