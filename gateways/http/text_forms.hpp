// gateways/http/text_forms.hpp: the patterns of a schema, apart from the rest of it.
#pragma once

#include "gateways/http/route.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::gateway {

/// The patterns that a JSON Schema asks of texts. They are matched by RE2, in time linear in the text and on a bounded
/// stack; what the schema library would use, std::regex, promises neither, and is slow.
class text_forms {
public:
  /// Takes the patterns out of `schema`, so that nobody else checks them. They may stand wherever `properties` and
  /// `items` lead to. Throws std::invalid_argument for a pattern anywhere else, for patternProperties, and for an
  /// expression that RE2 does not know.
  explicit text_forms(nlohmann::json& schema);
  text_forms(text_forms&&) noexcept;
  text_forms& operator=(text_forms&&) noexcept;
  ~text_forms();

  /// Whether every text in `value` that has a pattern matches it. Says nothing of values of another type.
  bool fit(const nlohmann::json& value) const;

  /// One entry for each text that does not match.
  std::vector<field_error> check(const nlohmann::json& value) const;

private:
  struct form;
  std::vector<std::unique_ptr<const form>> forms_;
};

/// `name` as one step of a JSON pointer (RFC 6901).
std::string pointer_step(std::string_view name);

} // namespace troupe::gateway
