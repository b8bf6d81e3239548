// gateways/http/uri.hpp: the parts of a request target.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// Whether `target` is an origin form (`/path?query`) in the characters of RFC 3986, with whole percent escapes and
/// without an escaped NUL.
bool is_origin_form(std::string_view target);

/// Percent escapes taken out; `+` stands for a space where `form` says so. Nothing when an escape is broken.
std::optional<std::string> unescaped(std::string_view text, bool form);

} // namespace troupe::gateway
