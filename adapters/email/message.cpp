#include "adapters/email/message.hpp"

#include <algorithm>

namespace troupe::email {

namespace {

std::string one_line(std::string text) {
  std::replace_if(
    text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

/// Mail programs show no more of a subject, and some servers take no longer line. Never half of a character.
std::string cut(std::string text) {
  constexpr std::size_t subject_bytes_max = 300;
  if (text.size() <= subject_bytes_max)
    return text;
  auto end = subject_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  text.resize(end);
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == text.npos ? std::string_view{} : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    return std::string{text};
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size())
      ++i;
    out += text[i];
  }
  return out;
}

} // namespace

caf::expected<message> compose(const notification::send_mail& x, const renderer& templates) {
  if (!notification::is_mail_address(x.to.address))
    return caf::make_error(notification::mail_refusal::invalid_address);
  auto parts = templates.render(x.template_name, x.model);
  if (!parts)
    return caf::make_error(notification::mail_refusal::template_error);
  return message{x.key,
                 x.from,
                 {x.to.address, one_line(x.to.name)},
                 cut(one_line(std::move(parts->subject))),
                 std::move(parts->text),
                 std::move(parts->html),
                 x.kind};
}

std::string to_header(const notification::mailbox& x) {
  const auto name = one_line(x.name);
  if (name.empty())
    return x.address;
  std::string out;
  if (name.find_first_of("()<>[]:;@\\,.\"") == name.npos) {
    out = name;
  } else {
    out = '"';
    for (const char c : name) {
      if (c == '"' || c == '\\')
        out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + " <" + x.address + '>';
}

std::optional<notification::mailbox> parse_mailbox(std::string_view text) {
  text = trimmed(text);
  notification::mailbox x;
  if (text.ends_with('>')) {
    const auto open = text.rfind('<');
    if (open == text.npos)
      return std::nullopt;
    x.name = unquoted(trimmed(text.substr(0, open)));
    x.address = text.substr(open + 1, text.size() - open - 2);
  } else {
    x.address = text;
  }
  return notification::is_mail_address(x.address) ? std::optional{std::move(x)} : std::nullopt;
}

} // namespace troupe::email
