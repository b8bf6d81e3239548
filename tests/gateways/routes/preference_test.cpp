#include "gateways/http/routes/preference.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using std::chrono::seconds;

std::optional<seconds> wait_of(std::string value) {
  return preferred_wait({{"prefer", std::move(value)}});
}

TEST(Preference, ReadsWaitAmongOtherPreferences) {
  EXPECT_EQ(wait_of("wait=5"), seconds{5});
  EXPECT_EQ(wait_of("respond-async, Wait = 10 ; foo=bar, return=minimal"), seconds{10});
  EXPECT_EQ(wait_of("wait=\"7\""), seconds{7});
  EXPECT_EQ(wait_of("handling=\"a,wait=9\", wait=3"), seconds{3});
}

TEST(Preference, TakesTheFirstOfSeveralWaits) {
  EXPECT_EQ(wait_of("wait=1, wait=2"), seconds{1});
  EXPECT_EQ(preferred_wait({{"Prefer", "respond-async"}, {"PREFER", "wait=4"}, {"Prefer", "wait=6"}}), seconds{4});
}

TEST(Preference, WaitsForThirtySecondsAtMost) {
  EXPECT_EQ(wait_of("wait=31"), wait_max);
  EXPECT_EQ(wait_of("wait=99999999999999999999"), wait_max);
}

TEST(Preference, IgnoresAWaitThatIsNoNumber) {
  for (const auto* value : {"wait", "wait=", "wait=-1", "wait=soon", "wait=1.5", "waiting=3", "", ",", "wait=\""})
    EXPECT_EQ(wait_of(value), std::nullopt) << value;
  EXPECT_EQ(preferred_wait({{"X-Prefer", "wait=3"}}), std::nullopt);
}

std::string key_of(std::string value) {
  const auto key = idempotency_key({{"idempotency-key", std::move(value)}});
  return std::holds_alternative<std::string>(key) ? std::get<std::string>(key) : "";
}

bool is_bad(const http::headers& fields) {
  return std::holds_alternative<bad_key>(idempotency_key(fields));
}

TEST(IdempotencyKey, IsOptional) {
  EXPECT_TRUE(std::holds_alternative<no_key>(idempotency_key({{"Prefer", "wait=1"}})));
}

TEST(IdempotencyKey, MayBeQuotedOrBare) {
  EXPECT_EQ(key_of("\"8e03978e-40d5\""), "8e03978e-40d5");
  EXPECT_EQ(key_of("8e03978e-40d5"), "8e03978e-40d5");
  EXPECT_EQ(key_of(R"("a\"b\\c")"), R"(a"b\c)");
  EXPECT_EQ(key_of(" k "), "k");
}

TEST(IdempotencyKey, IsRefusedWhenItIsNoString) {
  for (const auto* value : {"", " ", "\"\"", "\"open", "\"", R"("a"b")", R"("a\")", R"("a\b")", "caf\xC3\xA9", "a\tb"})
    EXPECT_TRUE(is_bad({{"Idempotency-Key", value}})) << value;
}

TEST(IdempotencyKey, HasABound) {
  EXPECT_EQ(key_of(std::string(idempotency_key_bytes_max, 'k')).size(), idempotency_key_bytes_max);
  EXPECT_TRUE(is_bad({{"Idempotency-Key", std::string(idempotency_key_bytes_max + 1, 'k')}}));
}

TEST(IdempotencyKey, IsRefusedWhenRepeated) {
  EXPECT_TRUE(is_bad({{"Idempotency-Key", "a"}, {"idempotency-key", "a"}}));
}

} // namespace
} // namespace troupe::gateway
