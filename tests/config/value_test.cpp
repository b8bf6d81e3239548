#include "config/value.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace troupe::config {
namespace {

using namespace std::chrono_literals;

TEST(ConfigDuration, NeedsAUnit) {
  EXPECT_EQ(parse_duration("300ms"), 300ms);
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("7d"), 7 * 24h);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("0"), 0ms);
  for (const auto* text : {"", "5", "m", "-1s", "+1s", "1.5s", "1 s", "1s ", "5min", "5S", "99999999999999999999s",
                           "18446744073709551615d", "10001d"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(ConfigSize, IsInPowersOfTwo) {
  EXPECT_EQ(parse_bytes("512B"), byte_size{512});
  EXPECT_EQ(parse_bytes("16KiB"), byte_size{16'384});
  EXPECT_EQ(parse_bytes("1MiB"), byte_size{1'048'576});
  EXPECT_EQ(parse_bytes("2GiB"), byte_size{2'147'483'648});
  EXPECT_EQ(parse_bytes("4096"), byte_size{4'096});
  for (const auto* text : {"", "KiB", "1KB", "1kib", "-1", "1.5MiB", "1KiB1B", "99999999999GiB"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(ConfigValue, IsWrittenWithTheLargestExactUnit) {
  for (const auto* text : {"0", "1ms", "1500ms", "90s", "15m", "36h", "7d"})
    EXPECT_EQ(to_text(*parse_duration(text)), text);
  for (const auto* text : {"0", "1B", "1025B", "16KiB", "1MiB", "3GiB"})
    EXPECT_EQ(to_text(*parse_bytes(text)), text);
}

TEST(ConfigValue, KeepsToItsLimits) {
  std::uint64_t number = 7;
  EXPECT_EQ(assign(&number, "10", {5, 10}), std::nullopt);
  EXPECT_EQ(number, 10u);
  EXPECT_EQ(assign(&number, "4", {5, 10}), "must be at least 5");
  EXPECT_EQ(assign(&number, "11", {5, 10}), "must be at most 10");
  for (const auto* text : {"", "-1", "+1", "1.0", "0x10", "ten", "18446744073709551616"})
    EXPECT_EQ(assign(&number, text, {}), "must be a whole number") << text;
  EXPECT_EQ(number, 10u) << "a refused value changes nothing";
  std::uint16_t port = 1;
  EXPECT_EQ(assign(&port, "65535", {}), std::nullopt);
  EXPECT_EQ(assign(&port, "65536", {}), "must be at most 65535");
  duration wait{};
  EXPECT_EQ(assign(&wait, "0", {1}), "must be at least 1ms");
  byte_size size;
  EXPECT_EQ(assign(&size, "2MiB", {0, 1 << 20}), "must be at most 1MiB");
  std::string word = "json";
  EXPECT_EQ(assign(&word, "xml", {0, 0, "json|text"}), "must be one of json, text");
  EXPECT_EQ(assign(&word, "text", {0, 0, "json|text"}), std::nullopt);
  EXPECT_EQ(assign(&word, "", {1}), "must not be empty");
  bool flag = false;
  EXPECT_EQ(assign(&flag, "yes", {}), "must be true or false");
  EXPECT_EQ(assign(&flag, "true", {}), std::nullopt);
  EXPECT_TRUE(flag);
}

TEST(ConfigSecret, IsNeverPrinted) {
  secret hidden{"hunter2"};
  std::ostringstream out;
  out << hidden << to_string(hidden) << to_text(field{&hidden});
  EXPECT_EQ(out.str(), "*********");
  EXPECT_EQ(hidden.reveal(), "hunter2");
}

} // namespace
} // namespace troupe::config
