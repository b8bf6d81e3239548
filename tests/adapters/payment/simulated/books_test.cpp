#include "adapters/payment/simulated/books.hpp"

#include <gtest/gtest.h>

namespace troupe::payment::simulated {
namespace {

const money price{1290, *currency::parse("EUR")};

authorize asked(std::string method, std::string key = "k") {
  return {"o-1", std::move(key), price, std::move(method)};
}

TEST(SimulatedBooks, DoWhatTheMethodSays) {
  books b;
  const auto of = [&b](std::string method) { return std::get<payment>(b.apply(asked(method, method))); };
  EXPECT_EQ(of("tok_visa").status, payment_status::authorized);
  EXPECT_EQ(of("pm_card_visa").status, payment_status::authorized);
  EXPECT_EQ(of("tok_declined").reason, "card_declined");
  EXPECT_EQ(of("pm_card_visa_chargeDeclined").status, payment_status::declined);
  EXPECT_EQ(of("tok_insufficient_funds").reason, "insufficient_funds");
  EXPECT_EQ(of("tok_pending").status, payment_status::pending);
}

TEST(SimulatedBooks, ActAlthoughTheFirstAnswerIsLate) {
  books b;
  EXPECT_EQ(std::get<ec>(b.apply(asked("tok_timeout"))), ec::timed_out);
  EXPECT_EQ(std::get<payments>(b.apply(find_payments{"o-1"})).items.size(), 1u);
  EXPECT_EQ(std::get<payment>(b.apply(asked("tok_timeout"))).status, payment_status::authorized);
  EXPECT_EQ(std::get<payments>(b.apply(find_payments{"o-1"})).items.size(), 1u);
}

TEST(SimulatedBooks, DoNothingWhileUnavailable) {
  books b;
  EXPECT_EQ(std::get<ec>(b.apply(asked("tok_unavailable"))), ec::unavailable);
  EXPECT_TRUE(std::get<payments>(b.apply(find_payments{"o-1"})).items.empty());
  EXPECT_TRUE(std::holds_alternative<payment>(b.apply(asked("tok_unavailable"))));
}

} // namespace
} // namespace troupe::payment::simulated
