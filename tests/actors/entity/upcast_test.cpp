#include "actors/entity/upcast.hpp"

#include <gtest/gtest.h>

#include <array>

namespace troupe::journal {
namespace {

using nlohmann::json;

// A form that had `name` in its data at first, then kept it apart, then counted in units.
form from_1_to_2(form x) {
  x.personal = {{"name", x.data.at("name")}};
  x.data.erase("name");
  return x;
}

form from_2_to_3(form x) {
  x.data["units"] = x.data.at("pairs").get<int>() * 2;
  x.data.erase("pairs");
  return x;
}

constexpr std::array<upcaster, 2> chain{from_1_to_2, from_2_to_3};

const form first{{{"name", "Ada"}, {"pairs", 2}}, nullptr};
const form second{{{"pairs", 2}}, {{"name", "Ada"}}};
const form third{{{"units", 4}}, {{"name", "Ada"}}};

void expect_third(const form& from, std::uint16_t schema) {
  const auto lifted = lift(from, schema, chain);
  ASSERT_TRUE(lifted);
  EXPECT_EQ(lifted->data, third.data);
  EXPECT_EQ(lifted->personal, third.personal);
}

TEST(Upcast, LiftsEveryOldFormToTodays) {
  expect_third(first, 1);
  expect_third(second, 2);
}

TEST(Upcast, LeavesTodaysFormAlone) {
  expect_third(third, 3);
}

TEST(Upcast, RefusesAFormOfANewerRelease) {
  EXPECT_EQ(code_of(lift(third, 4, chain).error()), ec::unknown_type);
  EXPECT_EQ(code_of(lift(first, 2, std::span<const upcaster>{}).error()), ec::unknown_type);
}

TEST(Upcast, RefusesASchemaThatNeverWas) {
  EXPECT_EQ(code_of(lift(first, 0, chain).error()), ec::store_damaged);
}

} // namespace
} // namespace troupe::journal
