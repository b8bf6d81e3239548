#include "actors/kernel/money.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe {
namespace {

const currency eur = *currency::parse("EUR");
const currency usd = *currency::parse("USD");
const currency jpy = *currency::parse("JPY");
const currency kwd = *currency::parse("KWD");

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

TEST(Currency, IsAnActiveCodeInUpperCase) {
  EXPECT_EQ(eur.code(), "EUR");
  for (const auto* text : {"", "EU", "EURO", "eur", "XXX", "DEM", "AAA", "ZZZ"})
    EXPECT_FALSE(currency::parse(text)) << text;
  // The ends of the list.
  EXPECT_TRUE(currency::parse("AED"));
  EXPECT_TRUE(currency::parse("ZMW"));
}

TEST(Currency, HasTheDecimalsOfItsMinorUnit) {
  EXPECT_EQ(eur.exponent(), 2);
  EXPECT_EQ(jpy.exponent(), 0);
  EXPECT_EQ(kwd.exponent(), 3);
  EXPECT_EQ(currency{}.exponent(), 0);
}

TEST(Money, IsNotAddedAcrossCurrencies) {
  EXPECT_EQ(add({1290, eur}, {10, eur}), (money{1300, eur}));
  EXPECT_FALSE(add({1290, eur}, {10, usd}));
  EXPECT_FALSE(add({0, currency{}}, {10, usd}));
}

TEST(Money, ThatDoesNotFitIsNothing) {
  EXPECT_EQ(add({most - 1, eur}, {1, eur}), (money{most, eur}));
  EXPECT_FALSE(add({most, eur}, {1, eur}));
  EXPECT_FALSE(add({least, eur}, {-1, eur}));
  EXPECT_EQ(multiply({most / 1'000'000, eur}, 1'000'000), (money{most / 1'000'000 * 1'000'000, eur}));
  EXPECT_FALSE(multiply({most / 1'000'000 + 1, eur}, 1'000'000));
  EXPECT_EQ(multiply({290, eur}, 0), (money{0, eur}));
}

TEST(Money, IsWrittenExactly) {
  EXPECT_EQ(to_decimal({1290, eur}), "12.90");
  EXPECT_EQ(to_decimal({5, eur}), "0.05");
  EXPECT_EQ(to_decimal({0, eur}), "0.00");
  EXPECT_EQ(to_decimal({-5, eur}), "-0.05");
  EXPECT_EQ(to_decimal({1290, jpy}), "1290");
  EXPECT_EQ(to_decimal({1290, kwd}), "1.290");
  EXPECT_EQ(to_decimal({most, eur}), "92233720368547758.07");
  EXPECT_EQ(to_decimal({least, eur}), "-92233720368547758.08");
}

} // namespace
} // namespace troupe
