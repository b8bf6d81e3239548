#include "supervisors/cluster/routing.hpp"

#include <gtest/gtest.h>

namespace troupe::cluster {
namespace {

node_record live(std::string name) {
  node_record x;
  x.name = std::move(name);
  x.incarnation = 1;
  x.roles.worker = true;
  x.lease_left = duration{1};
  return x;
}

/// Nodes a and b live; shard 0 is as told.
view seen(std::string owner, std::uint64_t epoch) {
  view x;
  x.nodes = {live("a"), live("b")};
  x.shards[0] = {std::move(owner), 1, epoch, ""};
  return x;
}

routing with(const routing& x, ownership_change change) {
  return x.with(std::span{&change, 1});
}

TEST(Routing, KnowsNobodyAtFirst) {
  const routing x;
  EXPECT_EQ(x.owner_of(0), "");
  EXPECT_EQ(x.version(), 0u);
}

TEST(Routing, LeadsToTheOwnersOfAView) {
  const auto x = routing{}.with(seen("a", 3));
  EXPECT_EQ(x.owner_of(0), "a");
  EXPECT_EQ(x.epoch_of(0), 3u);
  EXPECT_EQ(x.owner_of(1), "");
}

TEST(Routing, NeverChangesItself) {
  const auto x = routing{}.with(seen("a", 3));
  with(x, {0, "b", 4});
  EXPECT_EQ(x.owner_of(0), "a");
}

TEST(Routing, FollowsTheHigherEpochWhoeverSpeaksLater) {
  const auto news_first = with(routing{}, {0, "b", 4}).with(seen("a", 3));
  EXPECT_EQ(news_first.owner_of(0), "b");
  const auto view_first = with(routing{}.with(seen("b", 4)), {0, "a", 3});
  EXPECT_EQ(view_first.owner_of(0), "b");
  EXPECT_EQ(with(view_first, {0, "a", 5}).owner_of(0), "a");
  EXPECT_EQ(view_first.with(seen("a", 5)).owner_of(0), "a");
}

TEST(Routing, TakesTheReleaseOfAnEpochForNewerThanItsOwner) {
  const auto released = with(routing{}.with(seen("a", 3)), {0, "", 3});
  EXPECT_EQ(released.owner_of(0), "");
  EXPECT_EQ(released.with(seen("a", 3)).owner_of(0), "");
  EXPECT_EQ(with(released, {0, "a", 3}).owner_of(0), "");
  EXPECT_EQ(with(released, {0, "b", 4}).owner_of(0), "b");
  EXPECT_EQ(routing{}.with(seen("", 3)).with(seen("a", 3)).owner_of(0), "");
}

TEST(Routing, LeadsToNobodyWhileTheOwnerIsDead) {
  auto dead = seen("a", 3);
  dead.nodes[0].lease_left = duration{0};
  const auto x = routing{}.with(seen("a", 3)).with(dead);
  EXPECT_EQ(x.owner_of(0), "");
  EXPECT_EQ(with(x, {0, "a", 3}).owner_of(0), ""); // Old news, and it says nothing about its life.
  EXPECT_EQ(x.with(seen("a", 3)).owner_of(0), "a");
  EXPECT_EQ(with(x, {0, "b", 4}).owner_of(0), "b");
}

TEST(Routing, LeadsToNobodyWhenTheOwnerHasJoinedAnew) {
  auto again = seen("a", 3);
  again.nodes[0].incarnation = 2;
  EXPECT_EQ(routing{}.with(again).owner_of(0), "");
}

TEST(Routing, HasAHigherVersionOnlyWhenItAnswersOtherwise) {
  const auto x = routing{}.with(seen("a", 3));
  EXPECT_EQ(x.version(), 1u);
  EXPECT_EQ(x.with(seen("a", 3)).version(), 1u);
  EXPECT_EQ(x.with(seen("b", 2)).version(), 1u);
  EXPECT_EQ(x.with(seen("a", 4)).version(), 1u);
  EXPECT_EQ(x.with(seen("b", 4)).version(), 2u);
  EXPECT_EQ(with(x, {0, "", 3}).version(), 2u);
}

TEST(Routing, ReadsSeveralNewsOfOneShardInAnyOrder) {
  const ownership_change news[] = {{0, "b", 5}, {0, "a", 4}, {shard_count, "a", 9}, {1, "a", 1}, {1, "", 1}};
  const auto x = routing{}.with(std::span{news});
  EXPECT_EQ(x.owner_of(0), "b");
  EXPECT_EQ(x.owner_of(1), "");
}

} // namespace
} // namespace troupe::cluster
