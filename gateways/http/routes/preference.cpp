#include "gateways/http/routes/preference.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace troupe::gateway {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The part of `text` before the first `end` outside of quotes; it is removed from `text`, with that `end`.
std::string_view take_until(std::string_view& text, char end) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (quoted && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && text[i] == end)
      break;
  }
  const auto part = text.substr(0, std::min(i, text.size()));
  text.remove_prefix(std::min(i + 1, text.size()));
  return part;
}

std::optional<std::chrono::seconds> to_seconds(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return wait_max;
  return std::min(std::chrono::seconds{value}, wait_max);
}

} // namespace

std::optional<std::chrono::seconds> preferred_wait(const http::headers& fields) {
  for (const auto& [name, value] : fields) {
    if (!same(name, "Prefer"))
      continue;
    for (std::string_view rest = value; !rest.empty();) {
      auto preference = take_until(rest, ',');
      auto pair = take_until(preference, ';'); // what follows are parameters; wait has none
      const auto token = trim(take_until(pair, '='));
      if (same(token, "wait"))
        return to_seconds(trim(pair));
    }
  }
  return std::nullopt;
}

std::variant<no_key, bad_key, std::string> idempotency_key(const http::headers& fields) {
  const auto is_key = [](const auto& field) { return same(field.first, "Idempotency-Key"); };
  const auto count = std::count_if(fields.begin(), fields.end(), is_key);
  if (count == 0)
    return no_key{};
  if (count > 1)
    return bad_key{"Idempotency-Key stands in the request more than once."};
  std::string_view text = trim(std::find_if(fields.begin(), fields.end(), is_key)->second);
  std::string key;
  if (!text.empty() && text.front() == '"') {
    if (text.size() < 2 || text.back() != '"')
      return bad_key{"Idempotency-Key opens a quote and does not close it."};
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escaped = text[i] == '\\';
      if (escaped && ++i == text.size())
        return bad_key{"Idempotency-Key ends in a backslash."};
      if (escaped != (text[i] == '"' || text[i] == '\\'))
        return bad_key{"Idempotency-Key has a stray quote or backslash."};
      key += text[i];
    }
  } else {
    key = text;
  }
  if (key.empty())
    return bad_key{"Idempotency-Key is empty."};
  if (key.size() > idempotency_key_bytes_max)
    return bad_key{"Idempotency-Key is longer than " + std::to_string(idempotency_key_bytes_max) + " bytes."};
  if (std::any_of(key.begin(), key.end(), [](char c) { return c < 0x20 || c > 0x7E; }))
    return bad_key{"Idempotency-Key has a character that is not printable ASCII."};
  return key;
}

} // namespace troupe::gateway
