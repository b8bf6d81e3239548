#include "supervisors/observability/outlets.hpp"

#include "supervisors/observability/log.hpp"
#include "tests/support/deterministic_system.hpp"

namespace troupe {
namespace {

class OutletLog : public test::deterministic_system {
protected:
  void SetUp() override { log::set_up(log::level::info, log::format::text, "node-1"); }

  /// What is logged when `tell` tells of it.
  template <class Tell> std::string logged(Tell tell) {
    ::testing::internal::CaptureStderr();
    tell(observe_outlets(sys, [this] { return now(); }));
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(OutletLog, SaysToWhichTypesAnOutletSubscribed) {
  const auto line = logged([](const outlet::observer& x) {
    x.subscribed("email", "order", {"order.confirmed", "order.closed"});
  });
  for (const auto* part : {"Outlet subscribed", "email", "order.confirmed, order.closed"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " is not in " << line;
  const auto all = logged([](const outlet::observer& x) { x.subscribed("bus", "order", {}); });
  EXPECT_NE(all.find("all"), std::string::npos) << all;
}

TEST_F(OutletLog, SaysWhyAnOutletCouldNotSubscribe) {
  const auto line =
    logged([](const outlet::observer& x) { x.troubled("email", "order", caf::make_error(ec::store_unavailable)); });
  for (const auto* part : {"Outlet cannot go on for now", "email", "store_unavailable"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " is not in " << line;
}

} // namespace
} // namespace troupe
