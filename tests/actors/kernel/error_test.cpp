#include "actors/kernel/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace troupe {
namespace {

constexpr auto last = static_cast<std::uint8_t>(ec::circuit_open);

TEST(ErrorCode, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::uint8_t i = 1; i <= last; ++i) {
    const auto name = name_of(static_cast<ec>(i));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), name.npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(ErrorCode, ThatLeavesMoneyUnknownIsTriedAgain) {
  for (std::uint8_t i = 1; i <= last; ++i) {
    const auto x = static_cast<ec>(i);
    EXPECT_TRUE(!may_have_acted(x) || is_transient(x)) << name_of(x);
  }
  EXPECT_TRUE(may_have_acted(ec::timed_out));
  EXPECT_FALSE(may_have_acted(ec::unavailable));
}

TEST(ErrorCode, OfADamagedStoreOrARefusalIsNotTriedAgain) {
  for (const auto x :
       {ec::store_damaged, ec::store_foreign, ec::store_newer, ec::denied, ec::refused, ec::unknown_type})
    EXPECT_FALSE(is_transient(x)) << name_of(x);
}

} // namespace
} // namespace troupe
