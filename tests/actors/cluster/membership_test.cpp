#include "actors/cluster/lease_store.hpp"

#include <gtest/gtest.h>

namespace troupe::cluster {
namespace {

node_record worker(std::string name, std::uint64_t incarnation, duration left = duration{1}) {
  node_record x;
  x.name = std::move(name);
  x.incarnation = incarnation;
  x.roles.worker = true;
  x.lease_left = left;
  return x;
}

TEST(Membership, ReadsTheRolesThatItWrites) {
  for (const auto x : {role_set{}, role_set{true, false}, role_set{false, true}, role_set{true, true}})
    EXPECT_EQ(parse_role_set(to_string(x)), x) << to_string(x);
  EXPECT_EQ(parse_role_set("worker,gateway"), (role_set{true, true}));
  for (const auto* text : {",", "worker,", ",worker", "worker,worker", "Worker", "worker, gateway", "planner"})
    EXPECT_FALSE(parse_role_set(text)) << text;
}

TEST(Membership, ReadsTheStatesThatItWrites) {
  for (const auto x : {node_state::up, node_state::draining, node_state::left})
    EXPECT_EQ(parse_node_state(name_of(x)), x);
  EXPECT_FALSE(parse_node_state("invalid"));
}

TEST(Membership, NamesTheFieldThatKeepsANodeFromJoining) {
  const auto why = [](auto change) {
    auto x = worker("node-1.shop_a", 0);
    change(x);
    const auto text = why_invalid(x);
    return text.substr(0, text.find(':'));
  };
  EXPECT_EQ(why([](auto&) {}), "");
  EXPECT_EQ(why([](auto& x) { x.name = ""; }), "name");
  EXPECT_EQ(why([](auto& x) { x.name = "a b"; }), "name");
  EXPECT_EQ(why([](auto& x) { x.name = std::string(node_name_bytes_max, 'a'); }), "");
  EXPECT_EQ(why([](auto& x) { x.name = std::string(node_name_bytes_max + 1, 'a'); }), "name");
  EXPECT_EQ(why([](auto& x) { x.roles = {}; }), "roles");
  EXPECT_EQ(why([](auto& x) { x.weight = 0; }), "weight");
  EXPECT_EQ(why([](auto& x) { x.weight = weight_max + 1; }), "weight");
  EXPECT_EQ(why([](auto& x) { x.protocol = 0; }), "protocol");
  EXPECT_EQ(why([](auto& x) { x.state = node_state::left; }), "state");
  EXPECT_EQ(why([](auto& x) {
              for (std::size_t i = 0; i <= labels_max; ++i)
                x.labels[std::to_string(i)] = "";
            }),
            "labels");
}

TEST(Membership, TakesANodeForLiveUntilItsLeaseHasRunOutOrItHasLeft) {
  EXPECT_TRUE(is_live(worker("a", 1, duration{1})));
  EXPECT_FALSE(is_live(worker("a", 1, duration{0})));
  auto x = worker("a", 1);
  x.state = node_state::draining;
  EXPECT_TRUE(is_live(x));
  x.state = node_state::left;
  EXPECT_FALSE(is_live(x));
}

TEST(Membership, CountsAnOwnerOfAnEarlierIncarnationAsNone) {
  view x;
  x.nodes = {worker("a", 2), worker("b", 3, duration{0})};
  x.shards[0] = {"a", 2, 1, ""};
  x.shards[1] = {"a", 1, 1, ""};
  x.shards[2] = {"b", 3, 1, ""};
  x.shards[3] = {"gone", 1, 1, ""};
  EXPECT_EQ(live_owner(x, 0), &x.nodes[0]);
  for (std::uint16_t shard = 1; shard < 5; ++shard)
    EXPECT_EQ(live_owner(x, shard), nullptr) << shard;
}

TEST(Membership, LetsTheLiveWorkerPlanThatJoinedFirst) {
  view x;
  EXPECT_EQ(planner_of(x), nullptr);
  x.nodes = {worker("late", 9), worker("gateway", 1), worker("dead", 2, duration{0}), worker("b", 4), worker("a", 4)};
  x.nodes[1].roles = {true, false};
  ASSERT_NE(planner_of(x), nullptr);
  EXPECT_EQ(planner_of(x)->name, "a");
}

TEST(Membership, HasANameForEveryRejection) {
  for (std::uint8_t number = 1; number <= 4; ++number) {
    rejection x{};
    ASSERT_TRUE(from_integer(number, x));
    rejection y{};
    EXPECT_TRUE(from_string(to_string(x), y));
    EXPECT_EQ(x, y);
  }
  rejection x{};
  EXPECT_FALSE(from_integer(5, x));
  EXPECT_EQ(to_string(caf::make_error(rejection::lease_lost)), "lease_lost");
}

} // namespace
} // namespace troupe::cluster
