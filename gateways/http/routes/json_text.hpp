// gateways/http/routes/json_text.hpp: JSON written as text, for forms whose numbers are exact decimals: a double, and
// so a JSON library's number, cannot hold every amount.
#pragma once

#include "actors/kernel/money.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::gateway {

/// An object of members whose values are JSON already.
std::string json_object(std::initializer_list<std::pair<std::string_view, std::string>> members);

/// A JSON string; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// A decimal number, or null.
std::string json_decimal(const std::optional<money>& x);

} // namespace troupe::gateway
