#include "gateways/http/json_schema.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using nlohmann::json;

json_schema parcel() {
  return json_schema{json::parse(R"({
    "type": "object",
    "properties": {
      "country": {"type": "string", "maxLength": 2, "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"},
      "items": {"type": "array", "items": {"type": "object", "properties": {
        "sku": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"},
        "a/b~c": {"type": "integer"}}, "additionalProperties": false}}},
    "required": ["country"]})")};
}

std::vector<std::string> told_of(const json& value) {
  std::vector<std::string> out;
  for (const auto& x : parcel().check(value))
    out.push_back(x.pointer + ": " + x.detail);
  return out;
}

using told = std::vector<std::string>;

TEST(JsonSchema, SaysNothingOfWhatFits) {
  EXPECT_EQ(told_of({{"country", "DE"}, {"items", {{{"sku", "mug"}}}}}), told{});
}

TEST(JsonSchema, ShowsTheFormThatATextMustHave) {
  EXPECT_EQ(told_of({{"country", "de"}}), told{"/country: must match ^[A-Z]{2}$ (ISO 3166-1 alpha-2)"});
  EXPECT_EQ(told_of({{"country", "DE"}, {"items", {{{"sku", "MUG"}}}}}), told{"/items/0/sku: must match ^[a-z]+$"});
}

TEST(JsonSchema, TellsEachFieldOnce) {
  const auto found = parcel().check({{"country", "DE"}, {"items", {{{"sku", ""}}}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pointer, "/items/0/sku");
  EXPECT_NE(found[0].detail.find("; must match"), std::string::npos) << found[0].detail;
}

TEST(JsonSchema, NamesWhatIsMissingOrUnknownByItsOwnPointer) {
  EXPECT_EQ(told_of(json::object()), told{"/country: is required"});
  EXPECT_EQ(told_of({{"country", "DE"}, {"items", {{{"x/y", 1}}}}}), told{"/items/0/x~1y: is not known"});
}

TEST(JsonSchema, EscapesPointers) {
  const auto found = parcel().check({{"country", "DE"}, {"items", {{{"a/b~c", "no"}}}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pointer, "/items/0/a~1b~0c");
}

TEST(JsonSchema, CountsCharactersOfAPatternAndNotTheirBytes) {
  const json_schema title{{{"pattern", "^[^\\x00-\\x1f]{3}$"}}};
  EXPECT_TRUE(title.check("äöü").empty());
  EXPECT_FALSE(title.check("äö").empty());
  EXPECT_FALSE(title.check("äö\n").empty());
}

TEST(JsonSchema, LooksForAPatternInTheWholeTextUnlessItIsAnchored) {
  const json_schema sock{{{"pattern", "sock"}}};
  EXPECT_TRUE(sock.check("a red sock, size 4").empty());
  EXPECT_FALSE(sock.check("a shoe").empty());
}

TEST(JsonSchema, NeitherBacktracksNorRunsOutOfStack) {
  // With a backtracking matcher the first takes as long as the universe is old, and the second a frame a character.
  const json_schema nested{{{"pattern", "^(a+)+$"}}};
  EXPECT_FALSE(nested.check(std::string(100, 'a') + "!").empty());
  const json_schema plain{{{"pattern", "^[a-z]*$"}}};
  EXPECT_TRUE(plain.check(std::string(1 << 20, 'a')).empty());
}

TEST(JsonSchema, RefusesAPatternThatItWouldNotCheck) {
  EXPECT_THROW((json_schema{{{"anyOf", {{{"pattern", "a"}}, {{"pattern", "b"}}}}}}), std::invalid_argument);
  EXPECT_THROW((json_schema{{{"patternProperties", {{"^x-", {{"type", "string"}}}}}}}), std::invalid_argument);
  EXPECT_THROW((json_schema{{{"pattern", "(unclosed"}}}), std::invalid_argument);
}

TEST(JsonSchema, TellsAMemberCalledPatternFromTheKeyword) {
  const json_schema knitting{json::parse(R"({"type": "object", "default": {"pattern": "(plain"},
    "properties": {"pattern": {"type": "string", "pattern": "^[a-z]+$"}}})")};
  EXPECT_TRUE(knitting.check({{"pattern", "cable"}}).empty());
  ASSERT_EQ(knitting.check({{"pattern", "CABLE"}}).size(), 1u);
  EXPECT_EQ(knitting.check({{"pattern", "CABLE"}})[0].pointer, "/pattern");
}

TEST(JsonReading, RefusesWhatJsonLibrariesSilentlyChange) {
  EXPECT_EQ(read_json(R"({"a": 9223372036854775807})", 8).refusal, "");
  EXPECT_NE(read_json(R"({"a": 9223372036854775808})", 8).refusal, "");
  EXPECT_NE(read_json(R"({"a": 1, "a": 2})", 8).refusal, "");
  EXPECT_NE(read_json("[[[]]]", 2).refusal, "");
  EXPECT_EQ(read_json("[[]]", 2).refusal, "");
  EXPECT_NE(read_json("[1,]", 8).refusal, "");
}

TEST(JsonReading, DoesNotRepeatWhatItRead) {
  const auto cut = read_json(R"({"email": "ada.lovelace@example.com)", 8).refusal;
  EXPECT_EQ(cut.find("lovelace"), std::string::npos) << cut;
  EXPECT_NE(cut.find("at byte 36"), std::string::npos) << cut;
  const auto large = read_json("[1e400]", 8).refusal;
  EXPECT_EQ(large.find("exception"), std::string::npos) << large;
}

} // namespace
} // namespace troupe::gateway
