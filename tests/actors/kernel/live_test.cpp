#include "actors/kernel/live.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace troupe {
namespace {

TEST(Live, IsOneValueForAllCopies) {
  const live<std::string> mine{"before"};
  const auto yours = mine; // NOLINT(performance-unnecessary-copy-initialization)
  yours.set("after");
  EXPECT_EQ(*mine, "after");
  EXPECT_EQ(mine->size(), 5u);
}

TEST(Live, KeepsWhatWasReadWhileItChanges) {
  const live<std::string> value{"a text that is too long to be kept inside of a string object"};
  const auto& read = *value;
  value.set("another");
  EXPECT_EQ(read, "a text that is too long to be kept inside of a string object");
}

TEST(Live, ShowsReadersEitherTheOldOrTheNewValue) {
  const live<std::pair<int, int>> value{{0, 0}};
  std::thread writer{[value] {
    for (int i = 1; i <= 1'000; ++i)
      value.set({i, i});
  }};
  for (int last = 0; last < 1'000;) {
    const auto [a, b] = *value;
    ASSERT_EQ(a, b);
    ASSERT_GE(a, last);
    last = a;
  }
  writer.join();
}

} // namespace
} // namespace troupe
