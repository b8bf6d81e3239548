// gateways/http/json_schema.hpp: bodies as JSON, within limits, and what is wrong with them.
#pragma once

#include "gateways/http/route.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gateway {

/// What a text said, or why it is refused.
struct json_reading {
  nlohmann::json value;
  std::string refusal; // for people; empty when there is none
};

/// Reads RFC 8259 JSON in UTF-8. Refuses what nests deeper than `depth_max`, an integer that does not fit 64 bits with
/// sign, a decimal that no double holds, and an object that names a member twice.
json_reading read_json(std::string_view text, std::size_t depth_max);

/// A JSON Schema (draft 7), compiled once.
class json_schema {
public:
  /// Throws std::invalid_argument when `document` is not a schema, or has a pattern that text_forms refuses.
  explicit json_schema(nlohmann::json document);
  json_schema(json_schema&&) noexcept;
  json_schema& operator=(json_schema&&) noexcept;
  ~json_schema();

  /// One entry for each wrong field; empty when `value` is valid. On any thread.
  std::vector<field_error> check(const nlohmann::json& value) const;

private:
  struct compiled;
  std::unique_ptr<const compiled> compiled_;
};

} // namespace troupe::gateway
