// tests/adapters/postgres/damage_test.cpp: bytes that are not what was stored, and bytes that only look so.
#include "tests/adapters/postgres/database.hpp"

namespace troupe::postgres {
namespace {

using namespace journal;
using ::testing::HasSubstr;

using PostgresDamage = Database;

TEST_F(PostgresDamage, InAnEventIsToldWithItsStream) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  owner.store(first, 3, R"({"sku":"hand-grinder"})");
  owner.store(second, 1);
  sql("UPDATE \"order\".events SET data = overlay(data PLACING 'H' FROM 9) WHERE key = 'o-1' AND version = 2");
  const auto reader = open_reader();
  for (const auto& text :
       {text_of(reader->load(first)), text_of(reader->read_stream(first, 1, 9)),
        text_of(reader->read_shard("order", first.shard(), 1, 9)), text_of(reader->latest({}, {}, 9))}) {
    EXPECT_THAT(text, HasSubstr("store_damaged"));
    EXPECT_THAT(text, HasSubstr("event 2 of order/o-1 is damaged"));
  }
  EXPECT_EQ(test::value_of(reader->load(second)).events.size(), 1u);
}

TEST_F(PostgresDamage, InASnapshotIsToldWithItsStream) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  auto x = owner.make(first, 2);
  x.snapshot = snapshot{2, 1, "{}", x.events[1].recorded_at};
  std::ignore = test::value_of(owner.commit({x}));
  const auto reader = open_reader();
  EXPECT_TRUE(test::value_of(reader->load(first)).base);
  sql("UPDATE \"order\".snapshots SET data = '[]'");
  const auto found = reader->load(first);
  EXPECT_EQ(test::failure_of(found), ec::store_damaged);
  EXPECT_THAT(text_of(found), HasSubstr("order/o-1"));
}

TEST_F(PostgresDamage, OfAMissingEventIsTold) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  owner.store(first, 3);
  sql("DELETE FROM \"order\".events WHERE version = 3");
  EXPECT_EQ(test::failure_of(open_reader()->load(first)), ec::store_damaged);
}

TEST_F(PostgresDamage, IsNotWhatAKeyMayHave) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  const stream_name odd{"order", "\xff\xfe it's \"\\x41"};
  const stream_name zero{"order", std::string{"a\0b", 3}};
  const stream_name shorter{"order", "a"};
  for (const auto& stream : {odd, zero, shorter})
    owner.store(stream, 2);
  const auto reader = open_reader();
  for (const auto& stream : {odd, zero, shorter}) {
    const auto events = test::value_of(reader->load(stream)).events;
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].stream, stream);
  }
  EXPECT_EQ(test::value_of(reader->keys("order", "", 9)), (std::vector{shorter.key, zero.key, odd.key}));
}

} // namespace
} // namespace troupe::postgres
