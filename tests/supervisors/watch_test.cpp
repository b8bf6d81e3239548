#include "supervisors/watch.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/event_based_actor.hpp>

#include <utility>
#include <vector>

namespace troupe {
namespace {

class Watch : public test::deterministic_system {
protected:
  caf::actor part() {
    return sys.spawn([](caf::event_based_actor* self) {
      return caf::behavior{[self](int) { self->quit(caf::make_error(caf::sec::runtime_error, "an invariant broke")); }};
    });
  }

  caf::actor watch(std::map<std::string, caf::actor> parts) {
    auto result = spawn_watch(
      sys, std::move(parts), [this](const std::string& name, const std::string& why) { told.emplace_back(name, why); });
    run();
    return result;
  }

  std::vector<std::pair<std::string, std::string>> told;
};

TEST_F(Watch, TellsWhichPartEndedAndWhy) {
  const auto journal = part();
  const auto orders = part();
  const auto watching = watch({{"journal", journal}, {"orders", orders}});
  EXPECT_TRUE(told.empty());
  self->send(orders, 1);
  run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].first, "orders");
  EXPECT_NE(told[0].second.find("an invariant broke"), std::string::npos) << told[0].second;
  self->send_exit(journal, caf::exit_reason::kill);
  run();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].first, "journal");
}

TEST_F(Watch, TellsOfAPartThatHadEndedBefore) {
  const auto journal = part();
  self->send_exit(journal, caf::exit_reason::kill);
  run();
  const auto watching = watch({{"journal", journal}});
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(Watch, IsSilentOnceItHasEnded) {
  const auto journal = part();
  auto watching = watch({{"journal", journal}});
  self->send_exit(std::exchange(watching, {}), caf::exit_reason::user_shutdown);
  run();
  self->send_exit(journal, caf::exit_reason::kill);
  run();
  EXPECT_TRUE(told.empty());
}

} // namespace
} // namespace troupe
