#include "gateways/http/text_forms.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;

/// A member's name; nothing for every item of an array.
using path_step = std::optional<std::string>;

[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument(why);
}

void refuse_patterns(const json& schema) {
  if (schema.is_object() && schema.contains("pattern"))
    refuse("a pattern may stand only where properties and items lead to");
  if (schema.is_object() && schema.contains("patternProperties"))
    refuse("patternProperties are not known");
  if (schema.is_structured())
    for (const auto& inner : schema)
      refuse_patterns(inner);
}

/// Values that only look like schemas.
bool holds_values(std::string_view keyword) {
  constexpr std::array<std::string_view, 5> keywords{"const", "default", "enum", "example", "examples"};
  return std::find(keywords.begin(), keywords.end(), keyword) != keywords.end();
}

std::string told(const json& schema, const std::string& pattern) {
  const auto description = schema.value("description", "");
  return "must match " + pattern + (description.empty() ? "" : " (" + description + ")");
}

} // namespace

std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (const char c : name)
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  return out;
}

struct text_forms::form {
  std::vector<path_step> path;
  re2::RE2 expression;
  std::string told; // for people

  form(std::vector<path_step> where, const json& schema)
    : path(std::move(where)), expression(schema.at("pattern").get<std::string>(), re2::RE2::Quiet),
      told(gateway::told(schema, expression.pattern())) {
    if (!expression.ok())
      refuse("the pattern " + expression.pattern() + ": " + expression.error());
  }

  /// Calls `on_misfit(pointer)` for each text below `value` that does not match, until it answers false; the pointer
  /// is written only then.
  template <class F> bool visit(const json& value, std::size_t step, std::string& pointer, F&& on_misfit) const {
    if (step == path.size()) {
      if (!value.is_string() || matches(value.get_ref<const std::string&>()))
        return true;
      return on_misfit(pointer);
    }
    const auto length = pointer.size();
    if (const auto& name = path[step]) {
      const auto found = value.is_object() ? value.find(*name) : value.end();
      if (found == value.end())
        return true;
      pointer += pointer_step(*name);
      const bool on = visit(*found, step + 1, pointer, on_misfit);
      pointer.resize(length);
      return on;
    }
    if (!value.is_array())
      return true;
    for (std::size_t i = 0; i < value.size(); ++i) {
      pointer += '/';
      pointer += std::to_string(i);
      if (!visit(value[i], step + 1, pointer, on_misfit))
        return false;
      pointer.resize(length);
    }
    return true;
  }

  bool matches(const std::string& text) const {
    return expression.Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
  }

  /// Moves the patterns of `schema`, which the values at `path` must fit, to `out`.
  static void take(json& schema, std::vector<path_step>& path, std::vector<std::unique_ptr<const form>>& out) {
    if (!schema.is_object())
      return;
    if (schema.contains("pattern")) {
      out.push_back(std::make_unique<const form>(path, schema));
      schema.erase("pattern");
    }
    for (auto& [keyword, inner] : schema.items()) {
      if (keyword == "properties") {
        for (auto& [name, part] : inner.items()) {
          path.emplace_back(name);
          take(part, path, out);
          path.pop_back();
        }
      } else if (keyword == "items" && inner.is_object()) {
        path.emplace_back();
        take(inner, path, out);
        path.pop_back();
      } else if (keyword == "patternProperties") {
        refuse("patternProperties are not known");
      } else if (!holds_values(keyword)) {
        refuse_patterns(inner);
      }
    }
  }
};

text_forms::text_forms(nlohmann::json& schema) {
  std::vector<path_step> path;
  form::take(schema, path, forms_);
}

text_forms::text_forms(text_forms&&) noexcept = default;
text_forms& text_forms::operator=(text_forms&&) noexcept = default;
text_forms::~text_forms() = default;

bool text_forms::fit(const nlohmann::json& value) const {
  std::string pointer;
  for (const auto& x : forms_)
    if (!x->visit(value, 0, pointer, [](const std::string&) { return false; }))
      return false;
  return true;
}

std::vector<field_error> text_forms::check(const nlohmann::json& value) const {
  std::vector<field_error> out;
  std::string pointer;
  for (const auto& x : forms_)
    x->visit(value, 0, pointer, [&](const std::string& where) {
      out.push_back({where, x->told});
      return true;
    });
  return out;
}

} // namespace troupe::gateway
