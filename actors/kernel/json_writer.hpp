// actors/kernel/json_writer.hpp: writes JSON straight into a string, for forms that are written on the hot path.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace troupe {

/// Appends JSON without spaces to a string, members in the order of the calls, so that one value has one form. The
/// caller balances begin and end, and passes text in UTF-8.
class json_writer {
public:
  explicit json_writer(std::string& out) : out_(out) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }

  json_writer& key(std::string_view name) {
    separate();
    quote(name);
    out_ += ':';
    first_ = true; // No comma between a key and its value.
    return *this;
  }

  json_writer& value(std::string_view text) {
    separate();
    quote(text);
    return *this;
  }
  json_writer& value(const char* text) { return value(std::string_view{text}); }
  json_writer& value(const std::string& text) { return value(std::string_view{text}); }
  json_writer& value(bool x) { return raw(x ? "true" : "false"); }

  template <std::integral Number>
  requires(!std::same_as<Number, bool>) json_writer& value(Number x) {
    std::array<char, 24> digits;
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), x);
    return raw({digits.data(), static_cast<std::size_t>(result.ptr - digits.data())});
  }

  json_writer& null() { return raw("null"); }

  /// A value that is JSON already.
  json_writer& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }

  template <class Value> json_writer& member(std::string_view name, const Value& x) { return key(name).value(x); }

private:
  json_writer& open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
    return *this;
  }

  json_writer& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }

  void separate() {
    if (!first_)
      out_ += ',';
    first_ = false;
  }

  void quote(std::string_view text) {
    out_ += '"';
    std::size_t plain = 0; // where the run of characters that stand for themselves begins
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c >= 0x20 && c != '"' && c != '\\')
        continue;
      out_.append(text, plain, i - plain);
      escape(c);
      plain = i + 1;
    }
    out_.append(text, plain);
    out_ += '"';
  }

  void escape(unsigned char c) {
    constexpr char digits[] = "0123456789abcdef";
    out_ += '\\';
    switch (c) {
      case '"':
      case '\\': out_ += static_cast<char>(c); break;
      case '\n': out_ += 'n'; break;
      case '\r': out_ += 'r'; break;
      case '\t': out_ += 't'; break;
      default:
        out_ += "u00";
        out_ += digits[c >> 4];
        out_ += digits[c & 15];
    }
  }

  std::string& out_;
  bool first_ = true;
};

} // namespace troupe
