#include "actors/kernel/time.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

constexpr time_point at(std::int64_t milliseconds) {
  return time_point{duration{milliseconds}};
}

constexpr auto noon = at(1'772'366'400'000); // 2026-03-01T12:00:00Z

TEST(Rfc3339, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(noon), "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(at(951'827'696'789)), "2000-02-29T12:34:56.789Z");
}

TEST(Rfc3339, IsReadAsItIsWritten) {
  for (const auto x : {at(0), at(-1), noon, at(951'827'696'789), at(253'402'300'799'999)})
    EXPECT_EQ(parse_rfc3339(to_rfc3339(x)), x) << to_rfc3339(x);
}

TEST(Rfc3339, IsReadWithOffsetsDecimalsAndSmallLetters) {
  EXPECT_EQ(parse_rfc3339("2026-03-01T13:00:00+01:00"), noon);
  EXPECT_EQ(parse_rfc3339("2026-03-01T06:30:00-05:30"), noon);
  EXPECT_EQ(parse_rfc3339("2026-03-01t12:00:00z"), noon);
  EXPECT_EQ(parse_rfc3339("2026-03-01 12:00:00Z"), noon);
  EXPECT_EQ(parse_rfc3339("2026-03-01T12:00:00.1Z"), noon + duration{100});
  EXPECT_EQ(parse_rfc3339("2026-03-01T12:00:00.1239999999999999Z"), noon + duration{123});
}

TEST(Rfc3339, CountsALeapSecondAsTheNextOne) {
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const auto* text :
       {"", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00Z", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z", "2026-03-00T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+1:00", "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+01:60", "2026-03-01T12:00:00Zx", " 2026-03-01T12:00:00Z", "-026-03-01T12:00:00Z",
        "2026-03-01T12:00:-1Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

} // namespace
} // namespace troupe
