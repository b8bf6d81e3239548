#include "adapters/email/inbox.hpp"

#include <gtest/gtest.h>

namespace troupe::email {
namespace {

letter with_text(std::size_t bytes) {
  letter x;
  x.text.assign(bytes, 'x');
  return x;
}

TEST(Inbox, NumbersItsLettersAndFindsThem) {
  inbox x;
  x.add(with_text(1));
  x.add(with_text(2));
  ASSERT_TRUE(x.find(2));
  EXPECT_EQ(x.find(2)->text.size(), 2u);
  EXPECT_FALSE(x.find(0));
  EXPECT_FALSE(x.find(3));
  x.clear();
  EXPECT_FALSE(x.find(1));
  EXPECT_EQ(x.taken(), 0u);
}

TEST(Inbox, KeepsTheLatestWithinItsBounds) {
  inbox many;
  for (std::size_t i = 0; i < inbox::letters_max + 5; ++i)
    many.add(with_text(1));
  EXPECT_EQ(many.letters().size(), inbox::letters_max);
  EXPECT_EQ(many.letters().front().number, 6u);
  EXPECT_EQ(many.taken(), inbox::letters_max + 5);
  inbox large;
  for (int i = 0; i < 100; ++i)
    large.add(with_text(1 << 20));
  EXPECT_LE(large.letters().size(), 32u);
  large.add(with_text(inbox::bytes_max));
  EXPECT_EQ(large.letters().size(), 1u) << "the latest one stays, however large";
}

TEST(Inbox, KnowsRecipientsByWhatStandsBeforeTheAt) {
  EXPECT_EQ(kind_of_recipient("blocked@example.org"), recipient_kind::blocked);
  EXPECT_EQ(kind_of_recipient("unblocked@example.org"), recipient_kind::plain);
  EXPECT_EQ(kind_of_recipient("ada@blocked"), recipient_kind::plain);
}

} // namespace
} // namespace troupe::email
