// adapters/payment/wire_text.hpp: reading and writing the small texts of the sandbox twins without building a tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::payment::wire {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);

/// Appends a decimal number.
void append(std::string& out, std::int64_t number);

/// Appends exactly `digits` lower-case hexadecimal digits.
void append_hex(std::string& out, std::uint64_t number, int digits);

/// A number of exactly these hexadecimal digits, lower case.
std::optional<std::uint64_t> parse_hex(std::string_view digits);

/// A whole decimal number, sign included; nothing when it does not fit or when there is more than the number.
std::optional<std::int64_t> parse_integer(std::string_view text);

using fields = std::vector<std::pair<std::string, std::string>>;

/// One text of `application/x-www-form-urlencoded`, decoded. A bad escape stays as it is.
std::string decode_form(std::string_view text);

/// The pairs of `application/x-www-form-urlencoded`, decoded, in their order.
fields parse_form(std::string_view text);

/// The value of the first pair of that name.
std::optional<std::string_view> find(const fields& pairs, std::string_view name);

/// Path and query of a request target.
std::pair<std::string_view, std::string_view> split_target(std::string_view target);

/// User and password of `Authorization: Basic`.
std::optional<std::pair<std::string, std::string>> parse_basic(std::string_view authorization);

/// The token of `Authorization: Bearer`; empty when it is something else.
std::string_view parse_bearer(std::string_view authorization);

} // namespace troupe::payment::wire
