#include "tests/support/places.hpp"

// Every public event that is frozen in tests/golden fits the envelope's schema and its own.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <filesystem>
#include <fstream>
#include <set>

namespace troupe {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path golden = troupe::test::source_folder() / "tests/golden";
const fs::path schemas = troupe::test::source_folder() / "config/schemas";

json read(const fs::path& file) {
  std::ifstream in{file};
  return json::parse(in);
}

/// What is wrong with `x`, empty when it fits.
std::string misfit(const json& x, const fs::path& schema_file) {
  const auto text = read(schema_file);
  valijson::Schema schema;
  valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(valijson::adapters::NlohmannJsonAdapter{text},
                                                                         schema);
  valijson::ValidationResults results;
  if (valijson::Validator{}.validate(schema, valijson::adapters::NlohmannJsonAdapter{x}, &results))
    return {};
  std::string found;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const auto& part : error.context)
      found += part;
    found += ": " + error.description + "\n";
  }
  return found.empty() ? "does not fit" : found;
}

std::vector<std::pair<fs::path, json>> public_events() {
  std::vector<std::pair<fs::path, json>> all;
  for (const auto& entry : fs::recursive_directory_iterator{golden})
    if (entry.path().extension() == ".json" && entry.path().parent_path().filename() == "public")
      all.emplace_back(entry.path(), read(entry.path()));
  return all;
}

TEST(EventSchemas, FitEveryFrozenPublicEvent) {
  const auto all = public_events();
  ASSERT_FALSE(all.empty());
  for (const auto& [file, event] : all) {
    SCOPED_TRACE(file.string());
    EXPECT_EQ(misfit(event, schemas / "envelope.json"), "");
    EXPECT_EQ(misfit(event, schemas / "events" / (event.at("eventType").get<std::string>() + ".json")), "");
  }
}

TEST(EventSchemas, RefuseAnEventWithoutAnyOfItsMembers) {
  for (const auto& [file, event] : public_events()) {
    SCOPED_TRACE(file.string());
    const auto own = schemas / "events" / (event.at("eventType").get<std::string>() + ".json");
    for (const auto& member : event.items()) {
      auto cut = event;
      cut.erase(member.key());
      EXPECT_NE(misfit(cut, own), "") << "without " << member.key();
      EXPECT_NE(misfit(cut, schemas / "envelope.json"), "") << "without " << member.key();
    }
  }
}

TEST(EventSchemas, AreNamedAfterTheirEvents) {
  for (const auto& entry : fs::directory_iterator{schemas / "events"}) {
    SCOPED_TRACE(entry.path().string());
    const auto schema = read(entry.path());
    EXPECT_EQ(schema.at("title"), entry.path().stem().string());
    EXPECT_EQ(schema.at("properties").at("eventType").at("const"), entry.path().stem().string());
  }
}

} // namespace
} // namespace troupe
