#include "actors/guard/guard_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/payment/provider.hpp"
#include "tests/actors/wire/samples.hpp"

#include <gtest/gtest.h>

namespace troupe::wire {
namespace {

using namespace std::chrono_literals;

caf::error sent(const caf::error& x) {
  return load<caf::error>(save(x)).value_or(caf::error{});
}

TEST(WireError, KeepsCodeWaitAndReason) {
  const auto there = sent(make_failure(ec::rate_limited, 1'500ms, "100 a second"));
  EXPECT_EQ(there, ec::rate_limited);
  EXPECT_EQ(wait_of(there), 1'500ms);
  EXPECT_EQ(reason_of(there), "100 a second");
}

TEST(WireError, KeepsWhatWasTriedBefore) {
  const std::vector<payment::tried> tried{{noon, "authorize", "retried", "no answer"}};
  EXPECT_EQ(payment::tried_before(sent(payment::after_tries(make_failure(ec::unavailable, 1s), tried))), tried);
}

TEST(WireError, KeepsRejectionsApartFromFailures) {
  const auto there = sent(caf::make_error(order::rejection::unknown_order)); // the same number as store_unavailable
  EXPECT_EQ(there, order::rejection::unknown_order);
  EXPECT_NE(there, ec::store_unavailable);
  EXPECT_EQ(to_string(there), "unknown_order");
}

TEST(WireError, KeepsTheTextOfARejection) {
  const auto there = sent(caf::make_error(guard::rejection::bad_rule, "breaker.open_time: no length of time"));
  ASSERT_EQ(there, guard::rejection::bad_rule);
  ASSERT_TRUE(there.context().match_elements<std::string>());
  EXPECT_EQ(there.context().get_as<std::string>(0), "breaker.open_time: no length of time");
}

TEST(WireError, RefusesBrokenBytes) {
  const auto whole = save(make_failure(ec::rate_limited, 1'500ms, "100 a second"));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(load<caf::error>({whole.data(), length})) << length;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] ^= static_cast<caf::byte>(1 << (bit % 8));
    load<caf::error>(bytes); // need only come back
  }
}

} // namespace
} // namespace troupe::wire
