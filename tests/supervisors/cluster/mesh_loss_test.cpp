#include "supervisors/cluster/mesh.hpp"

#include "tests/supervisors/cluster/carrying_out.hpp"
#include "tests/support/deterministic_system.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

struct heard {
  std::vector<found_dead> dead;
  door_map doors;
};

using incarnation_ptr = std::shared_ptr<std::uint64_t>;

/// Of node-1.
caf::behavior make_door(caf::event_based_actor*, const incarnation_ptr& incarnation) {
  return {[incarnation](const hello&, const caf::actor&) { return hello{"node-1", *incarnation, 1}; }};
}

/// Of node-2, which node-1 connects with.
class MeshLoss : public troupe::test::deterministic_system {
protected:
  void SetUp() override {
    mesh_settings with;
    with.about_us = [] { return hello{"node-2", 2, 1}; };
    with.connect = [](const node_record&, const std::function<void(contact)>&) {};
    with.probe = [this](const node_record&, std::function<void(bool)> told) { probes.push_back(std::move(told)); };
    with.our_door = [] { return caf::actor{}; };
    with.member = sys.spawn([this]() -> caf::behavior {
      return {[this](const found_dead& x) { told.dead.push_back(x); },
              [this](const reachable_peers& x) { told.doors = *x.doors; }};
    });
    whom = sys.spawn<mesh_impl>(std::move(with));
    expect_node_1();
    door = sys.spawn(make_door, incarnation);
    caf::anon_send(whom, arrived{hello{"node-1", 1, 1}, door});
    run();
  }

  void expect_node_1() {
    expected_peers all;
    all.nodes.push_back(test::worker("node-1", *incarnation));
    caf::anon_send(whom, all);
    run();
  }

  void lose_the_connection() {
    caf::anon_send_exit(door, caf::exit_reason::remote_link_unreachable);
    run();
  }

  void TearDown() override {
    probes.clear();
    told.doors.clear();
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    whom = nullptr;
    door = nullptr;
    deterministic_system::TearDown();
  }

  void expect_nobody() {
    caf::anon_send(whom, expected_peers{});
    run();
  }

  heard told;
  incarnation_ptr incarnation = std::make_shared<std::uint64_t>(1);
  std::vector<std::function<void(bool)>> probes;
  caf::actor whom;
  caf::actor door;
};

TEST_F(MeshLoss, TellsOfAPeerThatHasDiedAsSoonAsItsConnectionIsLost) {
  lose_the_connection();
  ASSERT_EQ(probes.size(), 1u);
  probes[0](true);
  run();
  ASSERT_EQ(told.dead.size(), 1u);
  EXPECT_EQ(told.dead[0].name, "node-1");
  EXPECT_EQ(told.dead[0].incarnation, 1u);
}

// A process that was killed closes its connections before or after its listening socket.
TEST_F(MeshLoss, LooksAgainWhileALostPeerStillListens) {
  lose_the_connection();
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(probes.size(), i + 1);
    probes[i](false);
    run();
    EXPECT_EQ(probes.size(), i + 1);
    advance(50ms);
  }
  ASSERT_EQ(probes.size(), 4u);
  EXPECT_TRUE(told.dead.empty());
  probes[3](true);
  run();
  EXPECT_EQ(told.dead.size(), 1u);
}

TEST_F(MeshLoss, StopsLookingWhenThePeerIsBackOrNoLongerExpected) {
  lose_the_connection();
  probes[0](false);
  run();
  door = sys.spawn(make_door, incarnation);
  caf::anon_send(whom, arrived{hello{"node-1", 1, 1}, door});
  advance(1s);
  EXPECT_EQ(probes.size(), 1u);
  lose_the_connection();
  ASSERT_EQ(probes.size(), 2u);
  expect_nobody();
  probes[1](false);
  advance(1s);
  EXPECT_EQ(probes.size(), 2u);
}

// Neither side has a reason to connect: for both, the connection is there.
TEST_F(MeshLoss, KnowsAPeerAgainWhoseLeaseHasComeBack) {
  expect_nobody();
  EXPECT_TRUE(told.doors.empty());
  expect_node_1();
  ASSERT_EQ(told.doors.size(), 1u);
  EXPECT_EQ(told.doors.begin()->second, door);
  lose_the_connection();
  EXPECT_TRUE(told.doors.empty());
  EXPECT_EQ(probes.size(), 1u);
}

} // namespace
} // namespace troupe::cluster
