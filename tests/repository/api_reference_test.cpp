#include "tests/repository/api_reference.hpp"

#include "gateways/http/json_schema.hpp"
#include "tests/repository/files.hpp"
#include "tests/repository/served_routes.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace troupe::repository {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;

TEST(ApiReference, IsWhatTheRoutesSay) {
  const auto made = api_reference();
  if (std::getenv("UPDATE_GOLDEN")) {
    std::ofstream{TROUPE_SOURCE_DIR "/docs/api.md"} << made;
    return;
  }
  const auto& kept = named("docs/api.md").text;
  if (made == kept)
    return;
  const auto a = lines_of(made);
  const auto b = lines_of(kept);
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i])
    ++i;
  ADD_FAILURE() << "docs/api.md is not what the routes say from line " << i + 1
                << " on; script/api-reference writes it\n"
                << "routes: " << (i < a.size() ? a[i] : "") << "\nfile:   " << (i < b.size() ? b[i] : "");
}

TEST(ApiReference, NamesEveryRoute) {
  const auto made = api_reference();
  for (const auto* table : {&commerce_routes(), &operations_routes()})
    for (const auto& row : table->routes())
      EXPECT_TRUE(made.find("### " + row.method + ' ' + row.path + '\n') != made.npos
                  || made.find('`' + row.path + '`') != made.npos)
        << row.method << ' ' << row.path;
}

/// Hands each schema of the document that has an example to `check`.
template <class Check> void for_each_example(const json& x, const Check& check) {
  if (x.is_object() && x.contains("examples"))
    check(x);
  if (x.is_structured())
    for (const auto& inner : x)
      for_each_example(inner, check);
}

TEST(ApiReference, ShowsExamplesThatFitTheirSchemas) {
  std::size_t examples = 0;
  const auto check = [&](const json& schema) {
    const gateway::json_schema compiled{schema};
    for (const auto& example : schema["examples"]) {
      ++examples;
      for (const auto& wrong : compiled.check(example))
        ADD_FAILURE() << example.dump() << ": " << wrong.pointer << ' ' << wrong.detail;
    }
  };
  for_each_example(commerce_openapi(), check);
  for_each_example(operations_openapi(), check);
  EXPECT_GT(examples, 8u);
}

TEST(ApiReference, HasAnExampleForEveryBodyToSend) {
  const auto document = commerce_openapi();
  for (const auto& [path, operations] : document["paths"].items())
    for (const auto& [method, x] : operations.items()) {
      const auto body = x.value("/requestBody/content/application~1json/schema"_json_pointer, json::object());
      EXPECT_TRUE(body.empty() || body.contains("examples")) << method << ' ' << path;
    }
}

} // namespace
} // namespace troupe::repository
