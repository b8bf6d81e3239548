// adapters/email/smtp/mime.hpp: reads mails as SMTP carries them. No clock, no I/O; bounded, whatever comes.
#pragma once

#include <string>
#include <string_view>

namespace troupe::email::smtp {

struct parsed_mail {
  std::string from; // header fields, decoded
  std::string to;
  std::string subject;
  std::string message_id; // without brackets
  std::string text;       // the first part of its type
  std::string html;
};

/// Reads header fields (RFC 5322, encoded words of UTF-8, US-ASCII and ISO 8859-1) and parts (MIME, quoted-printable
/// and base64). What it does not understand is shown as it came; nothing is refused. Parts inside more than eight
/// others are left out.
parsed_mail parse_mail(std::string_view raw);

} // namespace troupe::email::smtp
