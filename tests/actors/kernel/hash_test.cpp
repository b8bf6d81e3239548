#include "actors/kernel/hash.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

// The vectors of draft-eastlake-fnv, appendix C, for 64 bits.
TEST(Fnv1a, GivesThePublishedVectors) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a("b"), 0xaf63df4c8601f1a5u);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
}

TEST(Fnv1a, TakesBytesAboveSevenBitsAsUnsigned) {
  EXPECT_EQ(fnv1a("\xff"), (fnv1a_offset ^ 0xffu) * 1099511628211ull);
}

TEST(Fnv1a, GoesOnWhereItEnded) {
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
}

TEST(Shard, OfAKeyNeverMoves) {
  EXPECT_EQ(shard_of(""), 0x325);
  EXPECT_EQ(shard_of("foobar"), 0x3e8);
  EXPECT_EQ(shard_of("0195c2f0-0000-7000-8000-000000000001"), 851);
  EXPECT_EQ(shard_of("tee-grün"), 308);
}

} // namespace
} // namespace troupe
