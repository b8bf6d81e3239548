#include "supervisors/resilience/guards.hpp"

#include "supervisors/resilience/decision_log.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;
namespace messages = troupe::guard;

using echo_actor = caf::typed_actor<caf::result<std::string>(request_context, std::string)>;

class Guards : public test::deterministic_system {
protected:
  void SetUp() override {
    const auto echo = sys.spawn(
      []() -> echo_actor::behavior_type { return {[](const request_context&, const std::string& x) { return x; }}; });
    port what;
    what.service = "payment.main";
    what.operations = {operation_of<std::string>("say", repeatable::any_time)};
    observer told;
    told.decided = [this](const decided& x) { decisions.emplace_back(x.what); };
    const auto made = guard::spawn(
      sys, caf::actor_cast<caf::strong_actor_ptr>(echo), what, book.find("default"), [this] { return now(); },
      [] { return std::uint64_t{0}; }, told);
    port_ = made.as<echo_actor>();
    list->add("payment.main", made);
    list->configure(book, {{"payment.main", "default"}});
    guards = spawn_guards(sys, list);
  }

  void TearDown() override {
    self->send_exit(guards, caf::exit_reason::user_shutdown);
    guards = nullptr;
    list.reset();
    port_ = nullptr;
    run();
    deterministic_system::TearDown();
  }

  template <class Command> caf::expected<messages::report> tell(Command x) {
    auto response =
      self->request(guards, caf::infinite, request_context{"operator", {}, time_point::max()}, std::move(x));
    run();
    caf::expected<messages::report> out{caf::sec::none};
    response.receive([&](messages::report& r) { out = std::move(r); }, [&](caf::error& e) { out = std::move(e); });
    return out;
  }

  messages::report look() { return *ask<messages::report>(guards, messages::get_guard{"payment.main"}); }

  policy_book book;
  std::shared_ptr<guard_list> list = std::make_shared<guard_list>();
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
  list->configure(book, {{"payment.main", "default"}});
  EXPECT_EQ(look().policy, "default");
  EXPECT_EQ(look().rules.at("retry.attempts"), "1");
}

TEST_F(Guards, KeepABreakerHeldWhenTheConfigurationIsReadAgain) {
  tell(messages::set_breaker{"payment.main", messages::breaker_mode::open, "maintenance"});
  list->configure(book, {{"payment.main", "integration"}});
  EXPECT_EQ(look().policy, "integration");
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
