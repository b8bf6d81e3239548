// adapters/email/message.hpp: a mail as it is sent: rendered, and checked against what would break its form.
#pragma once

#include "actors/notification/mailer.hpp"
#include "adapters/email/renderer.hpp"

#include <caf/expected.hpp>

#include <string>

namespace troupe::email {

struct message {
  std::string key;
  notification::mailbox from;
  notification::mailbox to;
  std::string subject; // one line
  std::string text;
  std::string html;
  notification::category kind = notification::category::transactional;
};

/// Renders the mail. Fails with invalid_address or template_error.
caf::expected<message> compose(const notification::send_mail& x, const renderer& templates);

/// `Ada <ada@example.org>`, the name quoted where RFC 5322 asks for it; without a name the address alone. Line breaks
/// and other control characters become spaces.
std::string to_header(const notification::mailbox& x);

/// Reads what to_header writes, and a plain address. Nothing when the address is none.
std::optional<notification::mailbox> parse_mailbox(std::string_view text);

} // namespace troupe::email
