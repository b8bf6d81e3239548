// The example of supervisors/supervision/README.md, which the build takes out of there.
#include "supervision_example.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>

namespace troupe::supervision {
namespace {

class SupervisionExample : public test::deterministic_system {};

TEST_F(SupervisionExample, GoesOnCountingAfterAFailure) {
  const auto shown = std::make_shared<tree>();
  auto office = example::open_office(sys, shown, [this] { return now(); });
  run();
  EXPECT_EQ(ask<int>(office.clerk, 2), 2);
  EXPECT_FALSE(ask<int>(office.clerk, -1));
  auto third = self->request(office.clerk, caf::infinite, 3);
  advance(std::chrono::seconds{1});
  third.receive([](int x) { EXPECT_EQ(x, 5); }, [](const caf::error& x) { ADD_FAILURE() << to_string(x); });
  const auto rows = shown->rows(sched.clock().now());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].path, "office");
  EXPECT_EQ(rows[1].path, "office/clerk");
  EXPECT_EQ(rows[2].path, "office/counter");
  EXPECT_EQ(rows[2].restarts, 1u);
  EXPECT_NE(rows[2].last_error, "");
  caf::anon_send_exit(office.supervisor, caf::exit_reason::user_shutdown);
  run();
}

} // namespace
} // namespace troupe::supervision
