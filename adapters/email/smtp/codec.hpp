// adapters/email/smtp/codec.hpp: mails as SMTP carries them, and what its replies mean. No clock, no I/O.
#pragma once

#include "adapters/email/message.hpp"
#include "adapters/smtp_client/smtp_client.hpp"

namespace troupe::email::smtp {

/// The mail with header fields of RFC 5322, text beyond ASCII in encoded words. Its Message-ID is made of its key.
troupe::smtp::submission encode(const message& x, time_point now, duration timeout);

/// The Message-ID of the mail with this key, brackets included.
std::string message_id_of(const message& x);

/// Fails with a mail_refusal or an ec, see the README.
caf::expected<notification::accepted> decode(const message& asked, const troupe::smtp::reply& answer);

/// `text` as it may stand in a header field: as it is, or in encoded words (RFC 2047) of UTF-8.
std::string encoded_words(std::string_view text);

/// `Sun, 01 Mar 2026 12:00:00 +0000`.
std::string to_rfc5322(time_point x);

} // namespace troupe::email::smtp
