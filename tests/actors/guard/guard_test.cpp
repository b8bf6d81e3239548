#include "actors/guard/guard.hpp"

#include "actors/guard/guard_actor.hpp"
#include "actors/guard/stored.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <variant>

namespace troupe::guard {
namespace {

using namespace std::chrono_literals;
using events = std::vector<event>;

constexpr auto instant = time_point{1'772'366'400'123ms}; // 2026-03-01T12:00:00.123Z
const breaker_set opened{breaker_mode::open, "it maintains its system", "operator"};
const policy_set faster{
  "payment-api", {{"breaker.open_time", "10s"}, {"retry.attempts", "2"}}, "it recovers fast today", "operator"};

state after(const events& all) {
  state s;
  auto at = instant;
  for (const auto& e : all) {
    s.apply(e, at);
    at += 1h;
  }
  return s;
}

TEST(GuardDecide, KeepsWhoHeldABreakerAndWhy) {
  const set_breaker command{"payment.rest", breaker_mode::open, opened.reason};
  EXPECT_EQ(decide(state{}, command, "operator"), outcome{events{opened}});
  EXPECT_EQ(decide(after({opened}), command, "operator"), outcome{events{}}) << "a retry";
  EXPECT_EQ(decide(after({opened}), command, "ada"),
            outcome{(events{breaker_set{breaker_mode::open, opened.reason, "ada"}})});
  EXPECT_EQ(decide(after({opened}), set_breaker{"payment.rest", breaker_mode::automatic, "it is back"}, "operator"),
            outcome{(events{breaker_set{breaker_mode::automatic, "it is back", "operator"}})});
}

TEST(GuardDecide, KeepsEveryPolicyThatIsSet) {
  const set_policy command{"payment.rest", faster.policy, faster.rules, faster.reason};
  EXPECT_EQ(decide(state{}, command, "operator"), outcome{events{faster}});
  EXPECT_EQ(decide(after({faster}), command, "operator"), outcome{events{faster}});
}

TEST(GuardDecide, WantsAReason) {
  EXPECT_EQ(decide(state{}, set_breaker{"x", breaker_mode::open, ""}, "operator"), outcome{rejection::no_reason});
  EXPECT_EQ(decide(state{}, set_policy{"x", "email", {}, ""}, "operator"), outcome{rejection::no_reason});
}

TEST(GuardState, TellsWhatOperatorsDid) {
  const auto s = after({opened, faster, policy_set{"", {}, "as it was", "ada"}});
  EXPECT_EQ(s.breaker, opened) << "a policy leaves the breaker as it is";
  EXPECT_EQ(s.actions,
            (std::vector<action>{{instant, "breaker", "open", "operator", opened.reason},
                                 {instant + 1h, "policy", "payment-api, breaker.open_time=10s, retry.attempts=2",
                                  "operator", faster.reason},
                                 {instant + 2h, "policy", "", "ada", "as it was"}}));
}

TEST(GuardState, RemembersTheLatestActionsAlone) {
  state s;
  for (std::size_t i = 0; i < actions_max + 10; ++i)
    s.apply(breaker_set{breaker_mode::closed, std::to_string(i), "ada"}, instant);
  ASSERT_EQ(s.actions.size(), actions_max);
  EXPECT_EQ(s.actions.front().reason, "10");
  EXPECT_EQ(s.actions.back().reason, std::to_string(actions_max + 9));
}

journal::stored_event stored(std::string type, std::string data, std::uint16_t schema = 1) {
  journal::stored_event x;
  x.stream = {"guard_control", "payment.rest"};
  x.type = std::move(type);
  x.schema = schema;
  x.data = std::move(data);
  return x;
}

TEST(GuardStored, WritesAndReadsTheFrozenForms) {
  const std::pair<event, std::string> samples[] = {{opened, "breaker_set"}, {faster, "policy_set"}};
  static_assert(std::size(samples) == std::variant_size_v<event>);
  for (const auto& [value, type] : samples) {
    const auto frozen = test::golden("guard/" + type + ".1.json");
    EXPECT_EQ(encode(value).type, "guard_control." + type);
    EXPECT_EQ(encode(value).data, frozen);
    const auto read = decode(stored("guard_control." + type, frozen));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, value);
    EXPECT_EQ(decode(stored("guard_control." + type, frozen, 2)).error(), ec::unknown_type);
    EXPECT_EQ(decode(stored("guard_control." + type, "{}")).error(), ec::store_damaged);
  }
  EXPECT_EQ(decode(stored("guard_control.teleported", "{}")).error(), ec::unknown_type);
  EXPECT_EQ(decode(stored("guard_control.breaker_set", R"({"mode":"ajar","reason":"x","by":"ada"})")).error(),
            ec::store_damaged);
}

TEST(GuardStored, WritesAndReadsTheFrozenSnapshot) {
  const auto s = after({opened, faster});
  const auto frozen = test::golden("guard/snapshot.1.json");
  EXPECT_EQ(encode_snapshot(s), frozen);
  EXPECT_EQ(*decode_snapshot(frozen, 1), s);
  EXPECT_EQ(*decode_snapshot(encode_snapshot({}), 1), state{});
  EXPECT_EQ(decode_snapshot("{}", 1).error(), ec::store_damaged);
  EXPECT_EQ(decode_snapshot(frozen, 2).error(), ec::unknown_type);
}

} // namespace
} // namespace troupe::guard
