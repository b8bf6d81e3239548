#include "supervisors/resilience/guards.hpp"

#include "supervisors/resilience/decision_log.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;
namespace messages = troupe::guard;

using echo_actor = caf::typed_actor<caf::result<std::string>(request_context, std::string)>;

class Guards : public entity::test::JournalOfTests<messages::trail_actor> {
protected:
  messages::trail_actor spawn() override { return spawn_guard_trails(sys, env); }

  void SetUp() override {
    JournalOfTests::SetUp();
    start();
  }

  void TearDown() override {
    end();
    JournalOfTests::TearDown();
  }

  void start() {
    const auto echo = sys.spawn(
      []() -> echo_actor::behavior_type { return {[](const request_context&, const std::string& x) { return x; }}; });
    port what;
    what.service = "payment.main";
    what.operations = {operation_of<std::string>("say", repeatable::any_time)};
    observer told;
    told.decided = [this](const decided& x) { decisions.emplace_back(x.what); };
    const auto made = guard::spawn(
      sys, caf::actor_cast<caf::strong_actor_ptr>(echo), what, book_of_rules.find("default"), [this] { return now(); },
      [] { return std::uint64_t{0}; }, told);
    port_ = made.as<echo_actor>();
    list = std::make_shared<guard_list>();
    list->add("payment.main", made);
    list->configure(book_of_rules, {{"payment.main", "default"}});
    guards = spawn_guards(sys, list, region);
  }

  void end() {
    self->send_exit(guards, caf::exit_reason::user_shutdown);
    guards = nullptr;
    list.reset();
    port_ = nullptr;
    run();
  }

  /// As after a crash of the node: nothing is left but what is stored.
  void start_again() {
    end();
    restart();
    start();
  }

  messages::trail kept() { return *ask_trail(); }

  caf::expected<messages::trail> ask_trail() {
    return JournalOfTests::tell<messages::trail>(messages::get_trail{"payment.main"});
  }

  template <class Command> auto begin(Command x) {
    auto response =
      self->request(guards, caf::infinite, request_context{"operator", {}, time_point::max()}, std::move(x));
    run();
    return response;
  }

  messages::breaker_mode mode() { return list->report("payment.main")->mode; }

  template <class Command> caf::expected<messages::report> tell(Command x) {
    auto response = begin(std::move(x));
    caf::expected<messages::report> out{caf::sec::none};
    response.receive([&](messages::report& r) { out = std::move(r); }, [&](caf::error& e) { out = std::move(e); });
    return out;
  }

  messages::report look() { return *ask<messages::report>(guards, messages::get_guard{"payment.main"}); }

  policy_book book_of_rules;
  std::shared_ptr<guard_list> list;
  messages::guards_actor guards;
  std::vector<std::string> decisions;

private:
  echo_actor port_; // or nobody would hold it but the list
};

TEST_F(Guards, AreListedWithTheirPolicyAndItsRules) {
  const auto all = ask<messages::reports>(guards, messages::get_guards{});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->items.size(), 1u);
  const auto& x = all->items[0];
  EXPECT_EQ(x.name, "payment.main");
  EXPECT_EQ(x.policy, "default");
  EXPECT_EQ(x.source, "default");
  EXPECT_EQ(x.state, "closed");
  EXPECT_EQ(x.rules.at("breaker.failures"), "5");
  EXPECT_FALSE(x.rate);
}

TEST_F(Guards, RefuseWhatTheyDoNotKnowAndWhatHasNoReason) {
  EXPECT_EQ(ask<messages::report>(guards, messages::get_guard{"x"}).error(), messages::rejection::unknown_guard);
  EXPECT_EQ(tell(messages::set_breaker{"x", messages::breaker_mode::open, "y"}).error(),
            messages::rejection::unknown_guard);
  EXPECT_EQ(tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, ""}).error(),
            messages::rejection::no_reason);
  EXPECT_EQ(tell(messages::set_policy{"payment.main", "email", {}, ""}).error(), messages::rejection::no_reason);
  EXPECT_EQ(tell(messages::set_policy{"payment.main", "none", {}, "x"}).error(), messages::rejection::unknown_policy);
  const auto bad = tell(messages::set_policy{"payment.main", "", {{"timeout", "soon"}}, "x"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), messages::rejection::bad_rule);
  EXPECT_EQ(bad.error().context().get_as<std::string>(0).find("timeout: must be a time"), 0u);
  EXPECT_EQ(look().policy, "default");
}

TEST_F(Guards, HoldABreakerAndLetItGo) {
  const auto held = tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  ASSERT_TRUE(held);
  EXPECT_EQ(held->state, "open");
  EXPECT_EQ(held->mode, messages::breaker_mode::open);
  EXPECT_EQ(held->reason, "held open by an operator: maintenance");
  ASSERT_FALSE(held->recent.empty());
  EXPECT_EQ(held->recent.front().what, "operator");
  EXPECT_EQ(held->recent.front().caller, "operator");
  EXPECT_EQ(tell(messages::set_breaker{"payment.main", messages::breaker_mode::automatic, "over"})->state, "half_open");
  EXPECT_EQ(decisions, (std::vector<std::string>{"operator", "breaker", "operator", "breaker"}));
}

TEST_F(Guards, GoByAnOperatorsRulesUntilTheConfigurationIsReadAgain) {
  const auto changed = tell(messages::set_policy{"payment.main", "payment-api", {{"breaker.open_time", "7s"}}, "x"});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->policy, "payment-api");
  EXPECT_EQ(changed->source, "set by operator");
  EXPECT_EQ(changed->rules.at("breaker.open_time"), "7s");
  EXPECT_EQ(changed->rules.at("rate.limit"), "100");
  EXPECT_EQ(changed->rate->limit, 100u);
  const auto more = tell(messages::set_policy{"payment.main", "", {{"retry.attempts", "9"}}, "x"});
  EXPECT_EQ(more->rules.at("breaker.open_time"), "7s") << "on top of what holds";
  list->configure(book_of_rules, {{"payment.main", "default"}});
  EXPECT_EQ(look().policy, "default");
  EXPECT_EQ(look().rules.at("retry.attempts"), "1");
}

TEST_F(Guards, KeepABreakerHeldWhenTheConfigurationIsReadAgain) {
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  list->configure(book_of_rules, {{"payment.main", "integration"}});
  EXPECT_EQ(look().policy, "integration");
  EXPECT_EQ(look().mode, messages::breaker_mode::open);
}

TEST_F(Guards, DoNothingBeforeItIsDurable) {
  book->holds = true;
  auto asked = begin(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  auto other = begin(messages::set_policy{"payment.main", "payment-api", {}, "x"});
  EXPECT_TRUE(nothing_is_answered());
  EXPECT_EQ(mode(), messages::breaker_mode::automatic);
  EXPECT_EQ(list->report("payment.main")->policy, "default");
  release();
  EXPECT_EQ(answer_of<messages::report>(asked)->mode, messages::breaker_mode::open);
  EXPECT_EQ(answer_of<messages::report>(other)->policy, "payment-api");
}

TEST_F(Guards, StayAsTheyAreWhenTheJournalDoesNotTakeIt) {
  ASSERT_TRUE(tell(messages::set_breaker{"payment.main", messages::breaker_mode::closed, "a drill"}));
  book->failure = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"}).error(),
            ec::store_unavailable);
  EXPECT_EQ(tell(messages::set_policy{"payment.main", "payment-api", {}, "x"}).error(), ec::store_unavailable);
  EXPECT_EQ(mode(), messages::breaker_mode::closed);
  EXPECT_EQ(list->report("payment.main")->policy, "default");
  book->failure = {};
  EXPECT_EQ(kept().actions.size(), 1u);
}

TEST_F(Guards, KeepNothingOfWhatTheyRefuse) {
  EXPECT_FALSE(tell(messages::set_breaker{"x", messages::breaker_mode::open, "y"}));
  EXPECT_FALSE(tell(messages::set_policy{"payment.main", "", {{"timeout", "soon"}}, "x"}));
  EXPECT_TRUE(book->appends.empty());
}

TEST_F(Guards, TellWhatOperatorsDid) {
  EXPECT_TRUE(look().actions->empty());
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  const auto answered = tell(messages::set_policy{"payment.main", "", {{"breaker.open_time", "7s"}}, "it is fast"});
  const std::vector<messages::action> done{{now(), "breaker", "open", "operator", "maintenance"},
                                           {now(), "policy", "breaker.open_time=7s", "operator", "it is fast"}};
  EXPECT_EQ(answered->actions, done);
  start_again();
  EXPECT_EQ(look().actions, done);
}

TEST_F(Guards, TellWhatTheyDoWhenTheJournalDoesNotAnswer) {
  book->holds_loads = true;
  auto asked = self->request(guards, caf::infinite, messages::get_guard{"payment.main"});
  run();
  EXPECT_TRUE(nothing_is_answered());
  advance(2s);
  const auto seen = answer_of<messages::report>(asked);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->policy, "default");
  EXPECT_FALSE(seen->actions);
}

TEST_F(Guards, HoldABreakerAgainAfterARestart) {
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  start_again();
  EXPECT_EQ(mode(), messages::breaker_mode::automatic) << "nobody has looked yet";
  EXPECT_TRUE(list->hold(kept()));
  EXPECT_EQ(mode(), messages::breaker_mode::open);
  EXPECT_EQ(look().reason, "held open by an operator: maintenance");
  ASSERT_FALSE(look().recent.empty());
  EXPECT_EQ(look().recent.front().caller, "operator") << "who did it, not who found it";
}

TEST_F(Guards, TrustWhatIsDoneMeanwhileMoreThanWhatWasFound) {
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  start_again();
  const auto found = kept();
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::automatic, "it is over"});
  EXPECT_TRUE(list->hold(found));
  EXPECT_EQ(mode(), messages::breaker_mode::automatic);
}

TEST_F(Guards, AreAsTheyWereWhenTheirBreakerWasLetGoBeforeARestart) {
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::automatic, "it is over"});
  start_again();
  list->hold(kept());
  EXPECT_EQ(look().state, "closed");
  EXPECT_TRUE(look().recent.empty());
}

TEST_F(Guards, LeaveAloneWhatIsNotConfiguredAnyMore) {
  EXPECT_FALSE(list->hold({"payment.gone", {messages::breaker_mode::open, "x", "ada"}, {}, 1}));
}

TEST_F(Guards, FindOutWhatWasStoredThoughTheJournalSaidItWasNot) {
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::closed, "a drill"});
  book->failure = caf::make_error(ec::store_unavailable);
  EXPECT_FALSE(tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"}));
  book->failure = {};
  auto& events = book->events({"guard_control", "payment.main"});
  events.push_back(events.front());
  events.back().version = 2;
  events.back().data = R"({"mode":"open","reason":"maintenance","by":"ada"})";
  EXPECT_EQ(mode(), messages::breaker_mode::closed);
  EXPECT_EQ(look().mode, messages::breaker_mode::open);
}

TEST(DecisionLog, LeavesOutWhatIsTooMuchAndSaysHowMuch) {
  const time_point noon{1'772'366'400'000ms};
  decision_log log;
  std::uint64_t written = 0;
  for (int i = 0; i < 1'000; ++i)
    written += log.admit("refused", noon) > 0;
  EXPECT_EQ(written, decision_log::lines_max);
  EXPECT_EQ(log.admit("breaker", noon), 1u) << "always told";
  EXPECT_EQ(log.admit("refused", noon + 1s), 1'000 - decision_log::lines_max + 1);
}

} // namespace
} // namespace troupe::resilience
