#include "adapters/payment/wire_text.hpp"

#include <array>
#include <charconv>

namespace troupe::payment::wire {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

// Bytes of the UTF-8 sequence that `text` begins with, or 0 when it begins with none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  // Overlong forms, surrogates and what lies past U+10FFFF show in the second byte.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf0 && byte(1) < 0x90)
      || (lead == 0xf4 && byte(1) > 0x8f))
    return 0;
  return length;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xff);
    }
  }
  return out;
}

std::string_view after_scheme(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ')
    return {};
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((authorization[i] | 0x20) != scheme[i])
      return {};
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

} // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\'
           && text[plain] != 0x7f)
      ++plain; // A byte of a longer sequence is negative where char is signed, and stops here as well.
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty())
      break;
    const char c = text.front();
    if (const auto length = sequence_length(text); length > 1) {
      out.append(text, 0, length);
      text.remove_prefix(length);
      continue;
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == 0x7f) {
      out += c;
    } else {
      out += "\\u";
      append_hex(out, static_cast<unsigned char>(c), 4);
    }
    text.remove_prefix(1);
  }
  out += '"';
}

void append(std::string& out, std::int64_t number) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

void append_hex(std::string& out, std::uint64_t number, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out += hex_digits[(number >> shift) & 15];
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t result = 0;
  if (digits.empty() || digits.size() > 16)
    return std::nullopt;
  for (const char c : digits) {
    const auto value = hex_digits.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    result = result << 4 | value;
  }
  return result;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

std::string decode_form(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

fields parse_form(std::string_view text) {
  fields result;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty())
      continue;
    const auto equals = std::min(pair.find('='), pair.size());
    result.emplace_back(decode_form(pair.substr(0, equals)),
                        equals == pair.size() ? std::string{} : decode_form(pair.substr(equals + 1)));
  }
  return result;
}

std::optional<std::string_view> find(const fields& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name)
      return value;
  return std::nullopt;
}

std::pair<std::string_view, std::string_view> split_target(std::string_view target) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos)
    return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::pair<std::string, std::string>> parse_basic(std::string_view authorization) {
  const auto encoded = after_scheme(authorization, "basic");
  const auto plain = encoded.empty() ? std::nullopt : decode_base64(encoded);
  if (!plain)
    return std::nullopt;
  const auto colon = plain->find(':');
  if (colon == std::string::npos)
    return std::nullopt;
  return std::pair{plain->substr(0, colon), plain->substr(colon + 1)};
}

std::string_view parse_bearer(std::string_view authorization) {
  return after_scheme(authorization, "bearer");
}

} // namespace troupe::payment::wire
