#include "tests/repository/api_reference.hpp"

#include "tests/repository/served_routes.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace troupe::repository {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view introduction = R"(# API reference

Made from the tables of routes by `script/api-reference`; do not edit. The same as OpenAPI 3.1: `GET /openapi.json`.

| Gateway | Address | For |
|---|---|---|
| commerce | `127.0.0.1:9001` (`commerce.address`, `commerce.port`) | shops |
| operations | `127.0.0.1:7777` (`operations.address`, `operations.port`) | operators and monitoring |

**Versions.** A path with `/api/v2/` keeps its form. Its short forms, without a version, serve the latest one.

**Money** is `{"amount": 1290, "currency": "EUR"}`: minor units and an ISO 4217 code. Instants are RFC 3339, in UTC.

**Operator key.** Where it is asked for, send `Authorization: Bearer` with the key that the first start wrote to
`operator.key` in the state directory. The examples have it in `$KEY`.

**Errors** are problems by RFC 9457, `application/problem+json`. Branch on `type`, which is stable; a wrong body names each
wrong field by its JSON pointer:

```json
{"type":"/problems/validation","title":"The body is not valid","status":422,"errors":[{"pointer":"/items/0/quantity","detail":"…"}]}
```

Every route may also answer 404 and 405 (no such route), 408, 413 and 431 (too slow, too large), 503 with `Retry-After`
(nothing was done: repeat it a while later) and 504 (no answer in time: it may have been done).
)";

std::string cell(std::string text) {
  for (auto at = text.find('|'); at != text.npos; at = text.find('|', at + 2))
    text.insert(at, 1, '\\');
  return text;
}

std::string code(const std::string& text) {
  return '`' + text + '`';
}

// ---- fields --------------------------------------------------------------------------------------------------------

std::string bounds(const json& schema, const char* least, const char* most) {
  if (schema.contains(least) && schema.contains(most))
    return ", " + schema[least].dump() + " to " + schema[most].dump();
  if (schema.contains(least))
    return ", at least " + schema[least].dump();
  return schema.contains(most) ? ", at most " + schema[most].dump() : "";
}

std::string text_type(const json& schema) {
  const auto format = schema.value("format", "");
  if (format == "uuid")
    return "UUID";
  if (format == "date-time")
    return "instant";
  return "text" + bounds(schema, "minLength", "maxLength");
}

std::string type_of(const json& schema) {
  if (schema.contains("const"))
    return code(schema["const"].get<std::string>());
  if (!schema.contains("type"))
    return "any";
  auto type = schema["type"];
  std::string also;
  if (type.is_array()) {
    also = " or null";
    type = *std::find_if(type.begin(), type.end(), [](const json& x) { return x != "null"; });
  }
  if (type == "string")
    return text_type(schema) + also;
  if (type == "integer")
    return "integer" + bounds(schema, "minimum", "maximum") + also;
  if (type == "array")
    return "list" + (bounds(schema, "minItems", "maxItems")) + also;
  return type.get<std::string>() + also;
}

std::string meaning_of(const json& schema) {
  std::string out = schema.value("description", "");
  const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (schema.contains("enum")) {
    std::string values;
    for (const auto& x : schema["enum"])
      values += (values.empty() ? "" : ", ") + code(x.get<std::string>());
    add(values);
  }
  if (schema.contains("pattern") && schema.value("type", "") == "string")
    add("fits " + code(schema["pattern"].get<std::string>()));
  return cell(out);
}

bool is_money(const json& schema) {
  return schema.contains("properties") && schema["properties"].size() == 2 && schema["properties"].contains("amount")
         && schema["properties"].contains("currency");
}

/// The required members first, in the order in which the schema names them.
std::vector<std::string> members_of(const json& schema) {
  std::vector<std::string> names;
  if (schema.contains("required"))
    names = schema["required"].get<std::vector<std::string>>();
  for (const auto& [name, ignored] : schema["properties"].items())
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  return names;
}

void append_fields(std::string& out, const json& schema, const std::string& prefix) {
  const auto required = schema.value("required", json::array());
  for (const auto& name : members_of(schema)) {
    const auto& x = schema["properties"][name];
    const bool must = std::find(required.begin(), required.end(), name) != required.end();
    out += "| " + code(prefix + name) + " | " + (is_money(x) ? "money" : type_of(x)) + " | " + (must ? "yes" : "")
           + " | " + meaning_of(x) + " |\n";
    if (x.contains("properties") && !is_money(x))
      append_fields(out, x, prefix + name + '.');
    else if (x.contains("items") && x["items"].contains("properties"))
      append_fields(out, x["items"], prefix + name + "[].");
  }
}

std::string fields_table(const json& schema, const char* must) {
  std::string out = std::string{"| Field | Type | "} + must + " | Meaning |\n|---|---|---|---|\n";
  append_fields(out, schema, "");
  return out;
}

// ---- one operation -------------------------------------------------------------------------------------------------

struct operation {
  std::string method;
  std::vector<std::string> paths; // all of which do the same; the first is the one to use
  json told;                      // of the OpenAPI document
};

std::vector<operation> operations_of(const gateway::router& table, const json& document) {
  std::vector<operation> found;
  for (const auto& row : table.routes()) {
    auto method = row.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    auto told = document.at("paths").at(row.path).at(method);
    told.erase("operationId");
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const operation& x) { return x.method == row.method && x.told == told; });
    if (same == found.end())
      found.push_back({row.method, {row.path}, std::move(told)});
    else
      same->paths.push_back(row.path);
  }
  return found;
}

std::string title_of(const operation& x) {
  return x.method + ' ' + x.paths.front();
}

/// As GitHub and others make it of a heading.
std::string anchor_of(const std::string& title) {
  std::string out;
  for (const char c : title)
    if (c == ' ')
      out += '-';
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')
      out += c;
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c + 32);
  return out;
}

json bare(json schema) {
  schema.erase("examples");
  return schema;
}

/// The JSON schema of a body, or null.
json schema_of(const json& message) {
  const auto content = message.find("content");
  if (content == message.end() || !content->contains("application/json"))
    return nullptr;
  return (*content)["application/json"]["schema"];
}

/// Members in the order in which the schema has them.
ordered_json in_order(const json& x, const json& schema) {
  if (x.is_array() && schema.contains("items")) {
    auto out = ordered_json::array();
    for (const auto& item : x)
      out.push_back(in_order(item, schema["items"]));
    return out;
  }
  if (!x.is_object() || !schema.contains("properties"))
    return x;
  auto out = ordered_json::object();
  for (const auto& name : members_of(schema))
    if (x.contains(name))
      out[name] = in_order(x[name], schema["properties"][name]);
  return out;
}

/// A line for each member of the outermost object.
std::string readable(const ordered_json& x) {
  std::string out;
  for (const auto& [name, value] : x.items())
    out += std::string{out.empty() ? "{" : ",\n "} + json(name).dump() + ": " + value.dump();
  return out + "}";
}

std::string curl(const operation& x, std::string_view port) {
  auto path = x.paths.front();
  for (const auto& [name, value] : std::map<std::string, std::string>{{"{id}", "01958c3a-1d00-7000-8000-000000000001"},
                                                                      {"{sku}", "espresso-beans-1kg"}})
    if (const auto at = path.find(name); at != path.npos)
      path.replace(at, name.size(), value);
  std::string out = "curl ";
  if (x.method != "GET")
    out += "-X " + x.method + ' ';
  out.append("localhost:").append(port).append(path);
  if (x.told.contains("security"))
    out += " -H \"Authorization: Bearer $KEY\"";
  const auto body = x.told.contains("requestBody") ? schema_of(x.told["requestBody"]) : json{};
  if (body.contains("examples"))
    out += " -H 'Content-Type: application/json' \\\n  -d '" + in_order(body["examples"][0], body).dump() + '\'';
  return out;
}

void append_parameters(std::string& out, const operation& x) {
  if (!x.told.contains("parameters"))
    return;
  out += "\n| Parameter | In | Type | Meaning |\n|---|---|---|---|\n";
  for (const auto& p : x.told["parameters"])
    out += "| " + code(p["name"].get<std::string>()) + " | " + p["in"].get<std::string>() + " | " + type_of(p["schema"])
           + " | " + cell(p.value("description", "")) + " |\n";
}

using described_bodies = std::map<json, std::string>; // by schema without example: where its fields are told

void append_answers(std::string& out, const operation& x, described_bodies& known) {
  out += "\n| Answer | Meaning |\n|---|---|\n";
  std::vector<std::pair<std::string, json>> bodies; // statuses, and the schema that they share
  for (const auto& [status, response] : x.told["responses"].items()) {
    if (status == "default")
      continue;
    out += "| " + status + " | " + cell(response["description"].get<std::string>()) + " |\n";
    const auto schema = schema_of(response);
    if (!schema.is_object() || !schema.contains("properties"))
      continue;
    const auto same =
      std::find_if(bodies.begin(), bodies.end(), [&](const auto& b) { return bare(b.second) == bare(schema); });
    if (same == bodies.end())
      bodies.emplace_back(status, schema);
    else
      same->first += " and " + status;
  }
  for (const auto& [status, schema] : bodies) {
    const auto [at, is_new] = known.try_emplace(bare(schema), title_of(x));
    if (is_new)
      out += "\nThe body of " + status + ":\n\n" + fields_table(schema, "Always");
    else if (at->second != title_of(x))
      out += "\nThe body of " + status + " is that of [" + at->second + "](#" + anchor_of(at->second) + ").\n";
    if (schema.contains("examples") && is_new)
      out += "\n```json\n" + readable(in_order(schema["examples"][0], schema)) + "\n```\n";
  }
}

void append_operation(std::string& out, const operation& x, std::string_view port, described_bodies& known) {
  out += "\n### " + title_of(x) + "\n\n" + x.told["summary"].get<std::string>();
  if (!out.ends_with('.'))
    out += '.';
  if (x.told.contains("security"))
    out += " Needs the operator key.";
  for (std::size_t i = 1; i < x.paths.size(); ++i)
    out += (i == 1 ? " Also " : ", ") + code(x.paths[i]) + (i + 1 == x.paths.size() ? "." : "");
  out += '\n';
  append_parameters(out, x);
  if (x.told.contains("requestBody")) {
    const auto body = bare(schema_of(x.told["requestBody"]));
    if (const auto [at, is_new] = known.try_emplace(body, title_of(x)); is_new)
      out += "\n" + fields_table(body, "Must");
    else
      out += "\nThe body is that of [" + at->second + "](#" + anchor_of(at->second) + ").\n";
  }
  out += "\n```sh\n" + curl(x, port) + "\n```\n";
  append_answers(out, x, known);
}

void append_gateway(std::string& out, const char* title, const gateway::router& table, const json& document,
                    std::string_view port) {
  const auto all = operations_of(table, document);
  out += std::string{"\n## "} + title + "\n\n| | |\n|---|---|\n";
  for (const auto& x : all)
    out += "| [" + title_of(x) + "](#" + anchor_of(title_of(x)) + ") | " + cell(x.told["summary"].get<std::string>())
           + " |\n";
  described_bodies known;
  for (const auto& x : all)
    append_operation(out, x, port, known);
}

} // namespace

std::string api_reference() {
  std::string out{introduction};
  append_gateway(out, "Commerce", commerce_routes(), commerce_openapi(), "9001");
  append_gateway(out, "Operations", operations_routes(), operations_openapi(), "7777");
  return out;
}

} // namespace troupe::repository
