#include "adapters/payment/exchange.hpp"

#include <gtest/gtest.h>

namespace troupe::payment {
namespace {

TEST(PaymentExchange, SendsTheTraceInBothForms) {
  way_out way;
  way.now = [] { return time_point{}; };
  way.random = [] { return std::uint64_t{5}; };
  request_context context{"order/o-1", {}, time_point::max()};
  const auto without = make_call(way, context, {});
  ASSERT_TRUE(without);
  EXPECT_EQ(http::find(without->message.fields, "x-correlation-id"), "");
  context.trace.trace_high = 1;
  context.trace.trace_low = 2;
  const auto with = make_call(way, context, {});
  ASSERT_TRUE(with);
  EXPECT_EQ(http::find(with->message.fields, "x-correlation-id"), context.trace.trace_id());
  EXPECT_NE(http::find(with->message.fields, "traceparent").find(context.trace.trace_id()), std::string::npos);
}

} // namespace
} // namespace troupe::payment
