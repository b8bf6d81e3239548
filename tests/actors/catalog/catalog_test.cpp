#include "actors/catalog/catalog.hpp"

#include "actors/catalog/stored.hpp"
#include "actors/kernel/caf.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace troupe::catalog {
namespace {

using namespace std::chrono_literals;

money euros(std::int64_t minor) {
  return {minor, *currency::parse("EUR")};
}

const product_created tea{"Green tea, 100 g", euros(1290)};

state after(std::initializer_list<event> history) {
  state s;
  for (const auto& e : history)
    s.apply(e);
  return s;
}

using events = std::vector<event>;

TEST(CatalogDecide, CreatesAProductOnce) {
  EXPECT_EQ(decide(state{}, put_product{"tea", tea.title, tea.price}), decision{events{tea}});
  EXPECT_EQ(decide(after({tea}), put_product{"tea", tea.title, tea.price}), decision{events{}});
}

TEST(CatalogDecide, ChangesOnlyWhatIsDifferent) {
  EXPECT_EQ(decide(after({tea}), put_product{"tea", "Black tea", tea.price}),
            decision{events{product_retitled{"Black tea"}}});
  EXPECT_EQ(decide(after({tea}), put_product{"tea", tea.title, euros(990)}),
            (decision{events{price_changed{tea.price, euros(990)}}}));
  EXPECT_EQ(decide(after({tea}), put_product{"tea", "Black tea", euros(990)}),
            (decision{events{product_retitled{"Black tea"}, price_changed{tea.price, euros(990)}}}));
}

TEST(CatalogDecide, TakesAnotherCurrencyForAnotherPrice) {
  const money yen{1290, *currency::parse("JPY")};
  EXPECT_EQ(decide(after({tea}), put_product{"tea", tea.title, yen}),
            (decision{events{price_changed{tea.price, yen}}}));
}

TEST(CatalogDecide, RefusesAProductWithoutTitleOrPrice) {
  EXPECT_EQ(decide(state{}, put_product{"tea", "", tea.price}), decision{rejection::no_title});
  EXPECT_EQ(decide(state{}, put_product{"tea", "Tea", euros(0)}), decision{rejection::price_not_positive});
  EXPECT_EQ(decide(state{}, put_product{"tea", "Tea", euros(-1)}), decision{rejection::price_not_positive});
  EXPECT_EQ(decide(state{}, put_product{"tea", "Tea", money{1, {}}}), decision{rejection::price_not_positive});
}

TEST(CatalogProperty, IsAlwaysWhatWasPutLastAndRecoversFromItsStoredForm) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    state s;
    state recovered;
    for (int step = 0; step < 50; ++step) {
      const put_product command{"tea", "Tea " + std::to_string(random() % 3), euros(1 + random() % 3)};
      const auto decided = std::get<events>(decide(s, command));
      for (const auto& e : decided) {
        s.apply(e);
        journal::stored_event stored;
        const auto encoded = encode(e);
        stored.type = encoded.type;
        stored.data = encoded.data;
        recovered.apply(*decode(stored));
      }
      ASSERT_EQ(s.title, command.title);
      ASSERT_EQ(s.price, command.price);
      ASSERT_EQ(recovered, s);
      recovered = *decode_snapshot(encode_snapshot(recovered), snapshot_schema);
    }
  }
}

struct sample {
  event value;
  std::string type;
  std::string public_type;
};

const std::vector<sample>& samples() {
  static const std::vector<sample> all{
    {tea, "product_created", "ProductCreated"},
    {product_retitled{"Black tea"}, "product_retitled", "ProductUpdated"},
    {price_changed{euros(1290), euros(990)}, "price_changed", "PriceUpdated"},
  };
  return all;
}

journal::stored_event stored(std::string type, std::string data, std::uint16_t schema = 1) {
  journal::stored_event x;
  x.stream = {"catalog", "tea-green"};
  x.version = 2;
  x.type = std::move(type);
  x.schema = schema;
  x.data = std::move(data);
  x.recorded_at = time_point{1'772'366'400'123ms};
  x.principal = "operator";
  return x;
}

TEST(CatalogStored, WritesAndReadsTheFrozenForms) {
  std::set<std::size_t> seen;
  for (const auto& x : samples()) {
    SCOPED_TRACE(x.type);
    seen.insert(x.value.index());
    const auto frozen = test::golden("catalog/" + x.type + ".1.json");
    const auto encoded = encode(x.value);
    EXPECT_EQ(encoded.type, "catalog." + x.type);
    EXPECT_EQ(encoded.data, frozen);
    const auto read = decode(stored("catalog." + x.type, frozen));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, x.value);
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<event>);
}

TEST(CatalogStored, WritesAndReadsTheFrozenSnapshot) {
  const auto frozen = test::golden("catalog/snapshot.1.json");
  EXPECT_EQ(encode_snapshot(after({tea})), frozen);
  EXPECT_EQ(*decode_snapshot(frozen, 1), after({tea}));
  EXPECT_EQ(*decode_snapshot(encode_snapshot(state{}), 1), state{});
}

TEST(CatalogStored, RefusesUnknownAndDamagedForms) {
  EXPECT_EQ(decode(stored("catalog.product_eaten", "{}")).error(), ec::unknown_type);
  EXPECT_EQ(decode(stored("catalog.product_retitled", R"({"title":"x"})", 2)).error(), ec::unknown_type);
  EXPECT_EQ(decode(stored("catalog.product_retitled", "{}")).error(), ec::store_damaged);
  EXPECT_EQ(decode(stored("catalog.product_created", R"({"title":"x","price":{"minor":1,"currency":"EURO"}})")).error(),
            ec::store_damaged);
}

TEST(CatalogPublic, TellsEveryEventInItsFrozenForm) {
  for (const auto& x : samples()) {
    SCOPED_TRACE(x.type);
    const auto told = to_public(stored("catalog." + x.type, encode(x.value).data));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->event_type, x.public_type);
    EXPECT_EQ(to_json(*told), test::golden("catalog/public/" + x.type + ".json"));
  }
}

} // namespace
} // namespace troupe::catalog
