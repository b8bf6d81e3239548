// What the actor of an Idempotency-Key adds to its decisions: one winner, whoever asks and whatever fails.
#include "actors/idempotency/idempotency_entity.hpp"

#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::idempotency {
namespace {

using namespace std::chrono_literals;

class IdempotencyEntity : public entity::test::JournalOfTests<idempotency_actor> {
protected:
  idempotency_actor spawn() override { return spawn_idempotency_keys(sys, env); }

  static claim some_claim(const char* subject, std::uint64_t body = 1) {
    return {"shop placeOrder k-1", body, subject};
  }
};

TEST_F(IdempotencyEntity, GivesOneSubjectToAllWhoClaimAtTheSameTime) {
  book->holds = true;
  auto first = request(some_claim("o-1"));
  auto second = request(some_claim("o-2"));
  run();
  EXPECT_TRUE(nothing_is_answered()) << "nobody may act on a claim that is not durable";
  release();
  const auto won = answer_of<claimed>(first);
  const auto lost = answer_of<claimed>(second);
  ASSERT_TRUE(won && lost);
  EXPECT_TRUE(won->first);
  EXPECT_FALSE(lost->first);
  EXPECT_EQ(won->subject, "o-1");
  EXPECT_EQ(lost->subject, "o-1");
  EXPECT_EQ(book->appends.size(), 1u);
}

TEST_F(IdempotencyEntity, RemembersAClaimAfterARestartUntilItsTimeIsOver) {
  ASSERT_TRUE(tell<claimed>(some_claim("o-1")));
  restart();
  EXPECT_EQ(tell<claimed>(some_claim("o-2"))->subject, "o-1");
  EXPECT_EQ(tell<claimed>(some_claim("o-2", 2)).error(), rejection::other_body);
  advance(lifetime);
  EXPECT_EQ(tell<claimed>(some_claim("o-2", 2))->subject, "o-2");
}

TEST_F(IdempotencyEntity, LeavesMemoryLongBeforeAnIdleTimeoutWouldEndIt) {
  ASSERT_TRUE(tell<claimed>(some_claim("o-1")));
  EXPECT_EQ(in_memory(), 1u);
  advance(2s);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_EQ(tell<claimed>(some_claim("o-2"))->subject, "o-1") << "the journal remembers";
}

TEST_F(IdempotencyEntity, LeavesAKeyFreeWhoseClaimCouldNotBeStored) {
  book->failure = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(tell<claimed>(some_claim("o-1")).error(), ec::store_unavailable);
  EXPECT_EQ(in_memory(), 0u);
  book->failure = {};
  const auto again = tell<claimed>(some_claim("o-2"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->subject, "o-2");
  EXPECT_TRUE(again->first);
}

} // namespace
} // namespace troupe::idempotency
