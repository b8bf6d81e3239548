#include "adapters/email/smtp/mime.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace troupe::email::smtp {

namespace {

constexpr int depth_max = 8;
constexpr std::size_t fields_max = 200;
constexpr std::size_t parts_max = 100;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? std::string_view{} : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// Takes a line off `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

using fields = std::vector<std::pair<std::string, std::string>>;

fields take_fields(std::string_view& rest) {
  fields out;
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (line.empty())
      break;
    if ((line.front() == ' ' || line.front() == '\t') && !out.empty()) {
      out.back().second += line;
      continue;
    }
    const auto colon = line.find(':');
    if (colon != line.npos && out.size() < fields_max)
      out.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  return out;
}

std::string field(const fields& all, std::string_view name) {
  for (const auto& [key, value] : all)
    if (same(key, name))
      return value;
  return {};
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? std::optional{c - 'a' + 10} : std::nullopt;
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto value = digits.find(c);
    if (value == digits.npos)
      continue; // Line ends and padding; strangers are passed over, as RFC 2045 says.
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 0xff);
    }
  }
  return out;
}

/// `in_word`: of an encoded word, where `_` is a space.
std::string from_quoted_printable(std::string_view text, bool in_word = false) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_word && text[i] == '_') {
      out += ' ';
      continue;
    }
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    if (text.substr(i).starts_with("=\r\n")) {
      i += 2;
      continue;
    }
    if (text.substr(i).starts_with("=\n")) {
      i += 1;
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (!low) {
      out += '=';
      continue;
    }
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

std::string from_latin1(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

std::string in_utf8(std::string bytes, std::string_view charset) {
  return same(charset, "iso-8859-1") || same(charset, "latin1") ? from_latin1(bytes) : bytes;
}

/// One `=?charset?B?text?=` at the front of `rest`, taken off; nothing when there is none.
std::optional<std::string> take_word(std::string_view& rest) {
  if (!rest.starts_with("=?"))
    return std::nullopt;
  const auto charset_end = rest.find('?', 2);
  if (charset_end == rest.npos || charset_end + 2 >= rest.size() || rest[charset_end + 2] != '?')
    return std::nullopt;
  const auto end = rest.find("?=", charset_end + 3);
  if (end == rest.npos)
    return std::nullopt;
  const auto charset = rest.substr(2, charset_end - 2);
  const auto form = lower(rest[charset_end + 1]);
  const auto text = rest.substr(charset_end + 3, end - charset_end - 3);
  if (form != 'b' && form != 'q')
    return std::nullopt;
  rest.remove_prefix(end + 2);
  return in_utf8(form == 'b' ? from_base64(text) : from_quoted_printable(text, true), charset);
}

std::string decode_words(std::string_view rest) {
  std::string out;
  bool after_word = false;
  while (!rest.empty()) {
    if (auto word = take_word(rest)) {
      out += *word;
      after_word = true;
      continue;
    }
    // Space between two words is none of the text.
    const auto next = rest.find_first_not_of(" \t");
    if (after_word && next != 0 && next != rest.npos && rest.substr(next).starts_with("=?")) {
      rest.remove_prefix(next);
      after_word = false;
      continue;
    }
    out += rest.front();
    rest.remove_prefix(1);
    after_word = false;
  }
  return out;
}

/// A parameter of a structured field: `boundary` of `multipart/alternative; boundary="x"`.
std::string parameter(std::string_view value, std::string_view name) {
  for (auto at = value.find(';'); at != value.npos; at = value.find(';')) {
    value.remove_prefix(at + 1);
    const auto equals = value.find('=');
    if (equals == value.npos)
      return {};
    if (!same(trimmed(value.substr(0, equals)), name))
      continue;
    auto text = trimmed(value.substr(equals + 1));
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      return std::string{text.substr(0, text.find('"'))};
    }
    return std::string{trimmed(text.substr(0, text.find(';')))};
  }
  return {};
}

class reader {
public:
  explicit reader(parsed_mail& into) : out_(into) {}

  void read(const fields& head, std::string_view body, int depth) {
    const auto type = field(head, "Content-Type");
    const auto kind = trimmed(std::string_view{type}.substr(0, type.find(';')));
    if (kind.size() > 10 && same(kind.substr(0, 10), "multipart/")) {
      if (depth > 0)
        read_parts(body, parameter(type, "boundary"), depth - 1);
      return;
    }
    const bool is_html = same(kind, "text/html");
    auto& into = is_html ? out_.html : out_.text;
    if ((!is_html && !kind.empty() && !same(kind, "text/plain")) || !into.empty())
      return;
    const auto encoding = field(head, "Content-Transfer-Encoding");
    auto bytes = same(encoding, "base64")             ? from_base64(body)
                 : same(encoding, "quoted-printable") ? from_quoted_printable(body)
                                                      : std::string{body};
    into = in_utf8(std::move(bytes), parameter(type, "charset"));
  }

private:
  void read_parts(std::string_view body, const std::string& boundary, int depth) {
    if (boundary.empty())
      return;
    const auto mark = "--" + boundary;
    std::optional<std::string_view> part; // from its first byte to the end of the body
    auto rest = body;
    while (!rest.empty()) {
      const auto* const begin = rest.data();
      const auto line = take_line(rest);
      if (!line.starts_with(mark))
        continue;
      if (part)
        read_part(part->substr(0, static_cast<std::size_t>(begin - part->data())), depth);
      if (line.substr(mark.size()).starts_with("--"))
        return;
      part = rest;
    }
    if (part)
      read_part(*part, depth);
  }

  void read_part(std::string_view raw, int depth) {
    if (++parts_ > parts_max)
      return;
    // The line end before the next boundary belongs to the boundary.
    if (raw.ends_with('\n'))
      raw.remove_suffix(1);
    if (raw.ends_with('\r'))
      raw.remove_suffix(1);
    const auto head = take_fields(raw);
    read(head, raw, depth);
  }

  parsed_mail& out_;
  std::size_t parts_ = 0;
};

} // namespace

parsed_mail parse_mail(std::string_view raw) {
  parsed_mail out;
  const auto head = take_fields(raw);
  out.from = decode_words(field(head, "From"));
  out.to = decode_words(field(head, "To"));
  out.subject = decode_words(field(head, "Subject"));
  out.message_id = field(head, "Message-ID");
  if (out.message_id.starts_with('<') && out.message_id.ends_with('>'))
    out.message_id = out.message_id.substr(1, out.message_id.size() - 2);
  reader{out}.read(head, raw, depth_max);
  return out;
}

} // namespace troupe::email::smtp
