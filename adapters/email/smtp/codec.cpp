#include "adapters/email/smtp/codec.hpp"

#include "actors/kernel/hash.hpp"
#include "adapters/payment/wire_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace troupe::email::smtp {

namespace {

using notification::mail_refusal;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock ends it with a zero
  const auto size =
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string mailbox_field(const notification::mailbox& x) {
  return is_ascii(x.name) ? to_header(x) : encoded_words(x.name) + " <" + x.address + '>';
}

/// With lines that end as SMTP wants them.
std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
      out += '\r';
    out += text[i];
  }
  return out;
}

/// The enhanced status code (RFC 3463) that a reply begins with, such as "5.1.1"; empty when there is none.
std::string_view enhanced_code(std::string_view text) {
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto code = text.substr(0, end);
  return code.size() >= 5 && code[1] == '.' && std::count(code.begin(), code.end(), '.') == 2 ? code
                                                                                              : std::string_view{};
}

} // namespace

std::string encoded_words(std::string_view text) {
  if (is_ascii(text))
    return std::string{text};
  constexpr std::size_t bytes_max = 45; // of text in a word of at most 75 characters
  std::string out;
  while (!text.empty()) {
    auto end = std::min(bytes_max, text.size());
    while (end < text.size() && end > 1 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
      --end;
    out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return out;
}

std::string to_rfc5322(time_point x) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(x);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(x - day)};
  char out[64];
  const auto n = std::snprintf(out, sizeof out, "%s, %02u %s %04d %02d:%02d:%02d +0000",
                               days[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                               months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                               static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                               static_cast<int>(time.seconds().count()));
  return {out, static_cast<std::size_t>(n)};
}

std::string message_id_of(const message& x) {
  // Two hashes of the same text that differ in where they begin: nobody meets a collision of both.
  std::string id = "<troupe.";
  payment::wire::append_hex(id, fnv1a(x.key), 16);
  payment::wire::append_hex(id, fnv1a(x.key, fnv1a("message-id")), 16);
  return id + '@' + x.from.address.substr(x.from.address.find('@') + 1) + '>';
}

troupe::smtp::submission encode(const message& x, time_point now, duration timeout) {
  troupe::smtp::submission out;
  out.from = x.from.address;
  out.to = x.to.address;
  out.fields = {"From: " + mailbox_field(x.from),       "To: " + mailbox_field(x.to),
                "Subject: " + encoded_words(x.subject), "Date: " + to_rfc5322(now),
                "Message-ID: " + message_id_of(x),      "Auto-Submitted: auto-generated"};
  if (x.kind == notification::category::bulk)
    out.fields.emplace_back("Precedence: bulk");
  out.text = with_crlf(x.text);
  out.html = with_crlf(x.html);
  out.timeout = timeout;
  return out;
}

caf::expected<notification::accepted> decode(const message& asked, const troupe::smtp::reply& answer) {
  if (answer.code >= 200 && answer.code < 300)
    return notification::accepted{message_id_of(asked)};
  const auto detail = enhanced_code(answer.text);
  if (answer.code >= 400 && answer.code < 500)
    return caf::make_error(detail.starts_with("4.7.") ? ec::rate_limited : ec::unavailable);
  if (answer.code < 500 || answer.code > 599)
    return caf::make_error(ec::bad_response);
  if (answer.code == 530 || answer.code == 534 || answer.code == 535 || answer.code == 538)
    return caf::make_error(ec::denied);
  if (detail.starts_with("5.1."))
    return caf::make_error(mail_refusal::invalid_address);
  if (detail.starts_with("5.7."))
    return caf::make_error(mail_refusal::blocked_domain);
  if (!detail.empty())
    return caf::make_error(ec::refused);
  if (answer.code == 550 || answer.code == 551 || answer.code == 553)
    return caf::make_error(mail_refusal::invalid_address);
  return answer.code == 554 ? caf::make_error(mail_refusal::blocked_domain) : caf::make_error(ec::refused);
}

} // namespace troupe::email::smtp
