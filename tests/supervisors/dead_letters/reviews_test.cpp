// From an order in review to its letter.
#include "supervisors/dead_letters/reviews.hpp"

#include "supervisors/dead_letters/effects.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

order::view in_review() {
  order::view x;
  x.id = {"o-1"};
  x.status = order::status::review;
  x.reason = order::review_reason::unknown_outcome;
  x.reviewed = order::step::capture;
  x.reviews = 2;
  x.email = "ada@example.org";
  return x;
}

TEST(ReviewLetters, WantWhatIsStoredWhenAnOrderComesToReview) {
  const auto about = review_letters({});
  EXPECT_EQ(about.context, "order");
  EXPECT_EQ(about.types, std::vector<std::string>{"order.sent_to_review"});
}

TEST(ReviewLetters, TellTheCauseTheStepAndHowOften) {
  const auto x = reviewed_order(in_review());
  EXPECT_EQ(x.occurrence, 2u);
  EXPECT_EQ(x.letter.source, dead_letter::source::exhausted_effect);
  EXPECT_EQ(x.letter.code, "capture_unknown_outcome");
  EXPECT_EQ(x.letter.place, "saga/order");
  EXPECT_EQ(x.letter.about, (dead_letter::reference{"order", "o-1", 0, ""}));
  EXPECT_EQ(x.letter.summary,
            "Order o-1 needs people at capture: the outcome is unknown and its key is too old to ask again");
}

TEST(ReviewLetters, AreTheSameForTheSameOrder) {
  auto later = in_review();
  later.reviews = 3;
  later.reviewed = order::step::void_payment;
  EXPECT_EQ(reviewed_order(in_review()).id, reviewed_order(later).id);
  later.id = {"o-2"};
  EXPECT_NE(reviewed_order(in_review()).id, reviewed_order(later).id);
}

} // namespace
} // namespace troupe
