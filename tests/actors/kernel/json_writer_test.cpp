#include "actors/kernel/json_writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace troupe {
namespace {

TEST(JsonWriter, WritesMembersInTheOrderOfTheCalls) {
  std::string out;
  json_writer w{out};
  w.begin_object().member("z", 1).member("a", "x").key("list").begin_array().value(true).null();
  w.begin_object().end_object().end_array().member("raw", false).end_object();
  EXPECT_EQ(out, R"({"z":1,"a":"x","list":[true,null,{}],"raw":false})");
}

TEST(JsonWriter, EscapesWhatJsonAsksForAndNothingElse) {
  std::string out;
  json_writer{out}.value(std::string{"a\"b\\c\n\r\t\x01\x1f/é", 13});
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/é\"");
}

TEST(JsonWriter, WritesTheEndsOfTheNumbers) {
  std::string out;
  json_writer w{out};
  w.begin_array();
  w.value(std::numeric_limits<std::int64_t>::min()).value(std::numeric_limits<std::uint64_t>::max());
  w.end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615]");
}

} // namespace
} // namespace troupe
