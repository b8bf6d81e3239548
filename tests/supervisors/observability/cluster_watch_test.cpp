#include "supervisors/observability/cluster_watch.hpp"

#include "supervisors/observability/metrics.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using cluster::node_state;

class ClusterWatch : public test::deterministic_system {
protected:
  void SetUp() override {
    about.self = "a";
    auto seen = std::make_shared<cluster::view>();
    for (auto& shard : seen->shards)
      shard.owner = shard.target = "a";
    for (const auto* name : {"a", "b", "gone"}) {
      cluster::node_record node;
      node.name = name;
      node.lease_left = name == std::string{"gone"} ? duration{-1} : duration{1'000};
      seen->nodes.push_back(node);
    }
    about.seen = view = seen;
    member = sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {
        [this](cluster::get_report) -> caf::result<cluster::report> {
          if (silent)
            return caf::delegated<cluster::report>{};
          return about;
        },
      };
    });
  }

  void watch() {
    watcher = sys.spawn<cluster_watch_impl>(member);
    run();
  }

  void renew() { about.seen = std::make_shared<const cluster::view>(*view); }

  bool shows(const std::string& line) { return prometheus_text(sys).find('\n' + line + '\n') != std::string::npos; }

  cluster::report about;
  std::shared_ptr<cluster::view> view;
  bool silent = false;
  caf::actor member;
  caf::actor watcher;
};

TEST_F(ClusterWatch, ShowsWhatTheNodeHoldsAndHandsOver) {
  about.held = 512;
  about.leaving = 3;
  watch();
  EXPECT_TRUE(shows(R"(troupe_cluster_shards{state="held"} 512)")) << prometheus_text(sys);
  EXPECT_TRUE(shows(R"(troupe_cluster_shards{state="leaving"} 3)"));
}

TEST_F(ClusterWatch, CountsShardsWithoutALiveOwnerAndThoseOnTheirWay) {
  view->shards[0].owner.clear();
  view->shards[1].owner = "gone";
  view->shards[2].target = "b";
  view->shards[3].target.clear();
  watch();
  EXPECT_TRUE(shows("troupe_cluster_unowned_shards 2")) << prometheus_text(sys);
  EXPECT_TRUE(shows("troupe_cluster_moving_shards 3"));
}

TEST_F(ClusterWatch, CountsNodesWithALeaseAndPeersThatAreReached) {
  view->nodes[1].state = node_state::draining;
  about.reachable = {"gone"};
  watch();
  EXPECT_TRUE(shows(R"(troupe_cluster_nodes{state="up"} 1)")) << prometheus_text(sys);
  EXPECT_TRUE(shows(R"(troupe_cluster_nodes{state="draining"} 1)"));
  EXPECT_TRUE(shows(R"(troupe_cluster_peers{state="expected"} 1)"));
  EXPECT_TRUE(shows(R"(troupe_cluster_peers{state="reachable"} 0)"));
  about.reachable = {"b"};
  advance(1s);
  EXPECT_TRUE(shows(R"(troupe_cluster_peers{state="reachable"} 1)"));
}

TEST_F(ClusterWatch, TellsTheAgeOfTheLeaseAlsoWhenTheMemberDoesNotAnswer) {
  watch();
  renew();
  advance(1s);
  EXPECT_TRUE(shows("troupe_cluster_lease_age_seconds 0.000000")) << prometheus_text(sys);
  advance(3s); // No renewal.
  EXPECT_TRUE(shows("troupe_cluster_lease_age_seconds 3.000000")) << prometheus_text(sys);
  silent = true;
  advance(4s);
  EXPECT_TRUE(shows("troupe_cluster_lease_age_seconds 7.000000")) << prometheus_text(sys);
  silent = false;
  renew();
  advance(1s);
  EXPECT_TRUE(shows("troupe_cluster_lease_age_seconds 0.000000")) << prometheus_text(sys);
}

} // namespace
} // namespace troupe
