#include "actors/idempotency/idempotency.hpp"

#include "actors/idempotency/stored.hpp"
#include "actors/kernel/caf.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <random>

namespace troupe::idempotency {
namespace {

using namespace std::chrono_literals;
using events = std::vector<event>;

constexpr auto noon = time_point{12h};
const key_claimed first{17, "order-1", noon};

state after(std::initializer_list<event> history) {
  state s;
  for (const auto& e : history)
    s.apply(e);
  return s;
}

TEST(IdempotencyDecide, TakesAFreeKey) {
  EXPECT_EQ(decide(state{}, claim{"key", 17, "order-1"}, noon), decision{events{first}});
}

TEST(IdempotencyDecide, KeepsTheFirstSubjectForTheSameBody) {
  auto s = after({first});
  EXPECT_EQ(decide(s, claim{"key", 17, "order-2"}, noon + 1h), decision{events{}});
  EXPECT_EQ(s.subject, "order-1");
}

TEST(IdempotencyDecide, RefusesAnotherBody) {
  EXPECT_EQ(decide(after({first}), claim{"key", 18, "order-2"}, noon + 1h), decision{rejection::other_body});
}

TEST(IdempotencyDecide, StartsOverWhenTheLifetimeIsOver) {
  const auto s = after({first});
  EXPECT_EQ(decide(s, claim{"key", 18, "order-2"}, noon + lifetime - 1ms), decision{rejection::other_body});
  EXPECT_EQ(decide(s, claim{"key", 18, "order-2"}, noon + lifetime),
            (decision{events{key_claimed{18, "order-2", noon + lifetime}}}));
  EXPECT_EQ(decide(s, claim{"key", 17, "order-2"}, noon + lifetime),
            (decision{events{key_claimed{17, "order-2", noon + lifetime}}}));
}

// A second claim that is refreshed by each repetition would keep a key for ever.
TEST(IdempotencyProperty, OneSubjectPerLifetime) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    state s;
    auto now = noon;
    std::optional<key_claimed> current;
    for (int step = 0; step < 100; ++step) {
      now += duration{static_cast<std::int64_t>(random() % 14'400'000)};
      const claim command{"key", random() % 2, "order-" + std::to_string(step)};
      const auto outcome = decide(s, command, now);
      if (!current || now - current->at >= lifetime) {
        current = key_claimed{command.body_hash, command.subject, now};
        ASSERT_EQ(outcome, decision{events{*current}});
        s.apply(*current);
      } else if (command.body_hash == current->body_hash) {
        ASSERT_EQ(outcome, decision{events{}});
        ASSERT_EQ(s.subject, current->subject);
      } else {
        ASSERT_EQ(outcome, decision{rejection::other_body});
      }
    }
  }
}

journal::stored_event stored(std::string data, std::uint16_t schema = 1) {
  journal::stored_event x;
  x.type = "idempotency.claimed";
  x.schema = schema;
  x.data = std::move(data);
  return x;
}

const event sample =
  key_claimed{18'446'744'073'709'551'615u, "01958c3a-1d00-7000-8000-000000000001", time_point{1'772'366'400'123ms}};

TEST(IdempotencyStored, WritesAndReadsTheFrozenForm) {
  const auto frozen = test::golden("idempotency/claimed.1.json");
  const auto encoded = encode(sample);
  EXPECT_EQ(encoded.type, "idempotency.claimed");
  EXPECT_EQ(encoded.data, frozen);
  const auto read = decode(stored(frozen));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, sample);
}

TEST(IdempotencyStored, WritesAndReadsTheFrozenSnapshot) {
  const auto frozen = test::golden("idempotency/snapshot.1.json");
  EXPECT_EQ(encode_snapshot(after({sample})), frozen);
  EXPECT_EQ(*decode_snapshot(frozen, 1), after({sample}));
  EXPECT_EQ(*decode_snapshot(encode_snapshot(state{}), 1), state{});
}

TEST(IdempotencyStored, RefusesUnknownAndDamagedForms) {
  EXPECT_EQ(decode(stored("{}")).error(), ec::store_damaged);
  EXPECT_EQ(decode(stored(R"({"body_hash":-1,"subject":"x","at":1})")).error(), ec::store_damaged);
  EXPECT_EQ(decode(stored("{}", 2)).error(), ec::unknown_type);
}

} // namespace
} // namespace troupe::idempotency
