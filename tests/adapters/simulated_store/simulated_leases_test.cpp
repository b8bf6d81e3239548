#include "adapters/simulated_store/simulated_leases.hpp"

#include <gtest/gtest.h>

namespace troupe::simulated {
namespace {

using namespace cluster;
using namespace std::chrono_literals;

constexpr auto up = node_state::up;

class SimulatedLeases : public ::testing::Test {
protected:
  static node_record worker(std::string name) {
    node_record x;
    x.name = std::move(name);
    x.roles.worker = true;
    return x;
  }

  duration left(const std::string& name) {
    const auto seen = table->look();
    return find_node(seen, name)->lease_left;
  }

  time_point now{1h};
  std::shared_ptr<lease_table> table = std::make_shared<lease_table>([this] { return now; });
  lease_connection store{table, "test"};
};

// What they promise like every store of leases is in tests/contract/.
TEST_F(SimulatedLeases, RunOutToTheMillisecond) {
  const auto first = *store.join(worker("a"), default_lease);
  now += default_lease - 1ms;
  EXPECT_EQ(store.join(worker("a"), default_lease).error(), rejection::name_taken);
  now += 1ms;
  EXPECT_EQ(left("a"), 0ms);
  EXPECT_GT(*store.join(worker("a"), default_lease), first);
}

TEST_F(SimulatedLeases, FailAsTheirFaultsSay) {
  struct cut_off : lease_faults {
    explicit cut_off(time_point& clock) : now(clock) {}
    lease_fate on_call(lease_call what, const std::string& user) override {
      if (user != "a")
        return lease_fate::answered;
      now += 100ms;
      return what == lease_call::join ? lease_fate::unheard : lease_fate::refused;
    }
    void on_answer(lease_call, const std::string& user) override {
      if (user == "a")
        now += 10ms;
    }
    time_point& now;
  };
  table->set_faults(std::make_shared<cut_off>(now));
  lease_connection a{table, "a"};
  EXPECT_EQ(a.join(worker("a"), default_lease).error(), ec::commit_unknown);
  EXPECT_EQ(left("a"), default_lease - 10ms);
  EXPECT_EQ(now, time_point{1h} + 110ms);
  EXPECT_EQ(a.renew("a", 1, up, default_lease).error(), ec::store_unavailable);
  EXPECT_EQ(left("a"), default_lease - 110ms);
  EXPECT_TRUE(store.renew("a", 1, up, default_lease));
  table->set_faults(nullptr);
  EXPECT_TRUE(a.renew("a", 1, up, default_lease));
}

} // namespace
} // namespace troupe::simulated
