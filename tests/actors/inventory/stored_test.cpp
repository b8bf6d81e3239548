#include "actors/inventory/stored.hpp"

#include "actors/inventory/inventory_actor.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <set>

namespace troupe::inventory {
namespace {

using namespace std::chrono_literals;

constexpr auto instant = time_point{1'772'366'400'123ms}; // 2026-03-01T12:00:00.123Z
const std::string order = "01958c3a-1d00-7000-8000-000000000001";
const reservation_id line{order + "/0"};

/// One event of each type, with the public name that it must get.
struct sample {
  event value;
  std::string type;
  std::string public_type; // empty: not told
};

const std::vector<sample>& samples() {
  static const std::vector<sample> all{
    {adjusted{40, -2}, "adjusted", "InventoryUpdated"},
    {reserved{line, 3, instant}, "reserved", "InventoryReserved"},
    {released{line, instant, 3}, "released", "InventoryReleased"},
    {hold_expired_event{line, instant, 3}, "hold_expired", "InventoryReleased"},
    {allocated{line, instant, 3}, "allocated", "InventoryAllocated"},
    {taken_back{line, instant, 3}, "taken_back", "InventoryReleased"},
    {low_stock{4, 5}, "low_stock", "InventoryLowStock"},
    {hold_extended{line, 3, instant, true}, "hold_extended", "InventoryReserved"},
  };
  return all;
}

journal::stored_event stored(std::string type, std::string data, std::uint16_t schema = 1) {
  journal::stored_event x;
  x.stream = {"inventory", "tea-green"};
  x.version = 7;
  x.type = std::move(type);
  x.schema = schema;
  x.data = std::move(data);
  x.recorded_at = instant;
  x.principal = "order/" + order;
  x.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return x;
}

TEST(InventoryStored, HasASampleOfEveryEvent) {
  std::set<std::size_t> seen;
  for (const auto& x : samples())
    seen.insert(x.value.index());
  EXPECT_EQ(seen.size(), std::variant_size_v<event>);
}

TEST(InventoryStored, WritesAndReadsTheFrozenForms) {
  for (const auto& x : samples()) {
    SCOPED_TRACE(x.type);
    const auto frozen = test::golden("inventory/" + x.type + ".1.json");
    const auto encoded = encode(x.value);
    EXPECT_EQ(encoded.type, "inventory." + x.type);
    EXPECT_EQ(encoded.schema, 1);
    EXPECT_EQ(encoded.data, frozen);
    EXPECT_EQ(encoded.personal, "");
    const auto read = decode(stored("inventory." + x.type, frozen));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, x.value);
  }
}

TEST(InventoryStored, WritesAndReadsTheFrozenSnapshot) {
  state s;
  for (const event& e :
       std::vector<event>{adjusted{10, 10}, reserved{line, 3, instant + 15min}, low_stock{7, 8},
                          reserved{"a/1", 2, instant}, allocated{"a/1", instant, 2}, released{"b/0", instant + 1s, 0}})
    s.apply(e);
  const auto frozen = test::golden("inventory/snapshot.1.json");
  EXPECT_EQ(encode_snapshot(s), frozen);
  const auto read = decode_snapshot(frozen, 1);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, s);
}

TEST(InventoryStored, RefusesWhatANewerReleaseWrote) {
  const auto data = test::golden("inventory/low_stock.1.json");
  EXPECT_EQ(decode(stored("inventory.low_stock", data, 2)).error(), ec::unknown_type);
  EXPECT_EQ(decode(stored("inventory.teleported", data)).error(), ec::unknown_type);
  EXPECT_EQ(decode_snapshot("{}", snapshot_schema + 1).error(), ec::unknown_type);
}

TEST(InventoryStored, RefusesDamagedForms) {
  for (const auto* data : {"", "{", "null", "[]", "{}", R"({"available":4})", R"({"available":-1,"threshold":5})",
                           R"({"available":4294967296,"threshold":5})", R"({"available":"4","threshold":5})",
                           R"({"available":4.5,"threshold":5})"}) {
    SCOPED_TRACE(data);
    EXPECT_EQ(decode(stored("inventory.low_stock", data)).error(), ec::store_damaged);
  }
  auto snapshot = test::golden("inventory/snapshot.1.json");
  EXPECT_EQ(decode_snapshot(snapshot.substr(0, snapshot.size() - 1), 1).error(), ec::store_damaged);
  const std::string cut_past =
    R"({"stocked":true,"available":1,"sold":0,"low":false,"low_threshold":0,"holds":[],"past":["a"]})";
  EXPECT_EQ(decode_snapshot(cut_past, 1).error(), ec::store_damaged);
}

TEST(InventoryStored, KeepsReservationsOfAnyText) {
  const event e = released{"\"\\\n\x01 \u00e4\u732b", instant, 1};
  EXPECT_EQ(*decode(stored("inventory.released", encode(e).data)), e);
}

TEST(InventoryPublic, TellsEveryEventInItsFrozenForm) {
  for (const auto& x : samples()) {
    SCOPED_TRACE(x.type);
    const auto told = to_public(stored("inventory." + x.type, encode(x.value).data));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->event_type, x.public_type);
    EXPECT_EQ(to_json(*told), test::golden("inventory/public/" + x.type + ".json"));
  }
}

TEST(InventoryPublic, TellsNothingOfWhatMovedNoUnits) {
  EXPECT_FALSE(to_public(stored("inventory.released", encode(released{line, instant, 0}).data)));
  EXPECT_FALSE(to_public(stored("inventory.hold_extended", encode(hold_extended{line, 3, instant, false}).data)));
}

TEST(InventoryPublic, TellsNothingOfWhatItCannotRead) {
  EXPECT_FALSE(to_public(stored("inventory.released", "{}")));
  EXPECT_FALSE(to_public(stored("inventory.teleported", "{}")));
}

TEST(InventoryRejection, HasANameForEachCode) {
  for (std::uint8_t value = 1; value <= static_cast<std::uint8_t>(rejection::too_many_units); ++value) {
    rejection x;
    ASSERT_TRUE(from_integer(value, x));
    rejection read;
    ASSERT_TRUE(from_string(to_string(x), read));
    EXPECT_EQ(read, x);
  }
  rejection x;
  EXPECT_FALSE(from_integer(0, x));
  EXPECT_FALSE(from_string("sold_to_the_moon", x));
}

} // namespace
} // namespace troupe::inventory
