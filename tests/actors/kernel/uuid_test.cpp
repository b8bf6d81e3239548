#include "actors/kernel/uuid.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace troupe {
namespace {

constexpr time_point noon{std::chrono::seconds{1'772'366'400}};

random_fn always(std::uint64_t bits) {
  return [bits] { return bits; };
}

TEST(Uuid7, CarriesTimeVersionAndVariant) {
  // The example of RFC 9562, appendix A.6.
  const time_point then{duration{0x017F22E279B0}};
  int call = 0;
  const random_fn bits = [&call] { return call++ == 0 ? 0xCC3ull : 0x18C4DC0C0C07398Full; };
  EXPECT_EQ(make_uuid7(then, bits), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(Uuid7, KeepsItsVersionWhateverTheRandomBitsAre) {
  const auto id = make_uuid7(noon, always(~0ull));
  EXPECT_TRUE(is_uuid(id));
  EXPECT_EQ(id[14], '7');
  EXPECT_EQ(id[19], 'b');
}

TEST(Uuid7, SortsByTime) {
  EXPECT_LT(make_uuid7(noon, always(~0ull)), make_uuid7(noon + duration{1}, always(0)));
}

TEST(NamedUuid, IsTheSameForTheSameName) {
  const auto id = make_named_uuid("order/1");
  EXPECT_EQ(id, make_named_uuid("order/1"));
  EXPECT_NE(id, make_named_uuid("order/2"));
  EXPECT_TRUE(is_uuid(id));
  EXPECT_EQ(id[14], '8');
}

TEST(Uuid, HasOneForm) {
  EXPECT_TRUE(is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
  for (const auto* text : {"", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e279b07cc398c4dc0c0c07398f",
                           "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
                           "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc39-8c4-dc0c0c07398f"})
    EXPECT_FALSE(is_uuid(text)) << text;
}

} // namespace
} // namespace troupe
