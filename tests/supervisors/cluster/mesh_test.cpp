#include "supervisors/cluster/mesh.hpp"
#include "tests/support/deterministic_system.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

class Mesh : public test::deterministic_system {
protected:
  void SetUp() override {
    member = sys.spawn([]() -> caf::behavior {
      return {
        [](const reachable_peers&) {},
        [](const found_dead&) {},
      };
    });
    door = sys.spawn([]() -> caf::behavior {
      return {
        [](const hello&, const caf::actor&) {
          return hello{"node-2", 2, 4};
        },
      };
    });
    mesh_settings with;
    with.about_us = [] { return hello{"node-1", 1, 3}; };
    with.connect = [this](const node_record& whom, const std::function<void(contact)>& reached) {
      connects.push_back(whom.name);
      reached({door, false, {}});
    };
    with.probe = [](const node_record&, const std::function<void(bool)>&) {};
    with.member = member;
    with.our_door = [this] { return door; };
    with.told = [this](const std::string& peer, bool up, const std::string& why) {
      told.push_back(peer + (up ? " is up" : ": " + why));
    };
    us = sys.spawn<mesh_impl>(with);
  }

  void TearDown() override {
    for (const auto& x : {us, door, member})
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    run();
    deterministic_system::TearDown();
  }

  void expect(const std::string& name, std::uint32_t protocol) {
    node_record x;
    x.name = name;
    x.incarnation = 2;
    x.protocol = protocol;
    caf::anon_send(us, expected_peers{{x}});
    run();
  }

  caf::actor member;
  caf::actor door;
  caf::actor us;
  texts connects;
  texts told;
};

TEST_F(Mesh, ConnectsWithAPeerOfTheNextProtocol) {
  expect("node-2", 4);
  EXPECT_EQ(connects, texts{"node-2"});
  EXPECT_EQ(told, texts{"node-2 is up"});
}

TEST_F(Mesh, SaysWhyItHasNothingToDoWithAPeerOfAnotherProtocol) {
  for (const std::uint32_t protocol : {1, 5}) {
    connects.clear();
    told.clear();
    const auto name = "node-" + std::to_string(protocol + 1);
    expect(name, protocol);
    advance(10s);
    EXPECT_EQ(connects, texts{});
    EXPECT_EQ(told,
              texts{name + ": it speaks protocol " + std::to_string(protocol)
                    + " of the cluster and this node 3: bring one of them to a release that the other one follows"});
  }
}

TEST_F(Mesh, LetsInOnlyAPeerWhoseProtocolIsNextToIts) {
  expect("node-0", 5); // It would connect with us.
  caf::anon_send(us, arrived{{"node-0", 2, 5}, door});
  run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told.front().substr(0, 27), "node-0: it speaks protocol ");
  caf::anon_send(us, arrived{{"node-0", 2, 2}, door});
  run();
  EXPECT_EQ(told.back(), "node-0 is up");
}

} // namespace
} // namespace troupe::cluster
