// adapters/email/sendgrid/codec.hpp: SendGrid's wire form, version 3. No clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "adapters/email/message.hpp"

namespace troupe::email::sendgrid {

/// `POST /v3/mail/send`, without credentials. The mail's key stands in `custom_args`, for whoever looks for it there:
/// SendGrid itself drops no repetition.
http::request encode(const message& x);

/// Fails with a mail_refusal or as http::code_of_status says. The wait of a 429 is read from X-RateLimit-Reset.
caf::expected<notification::accepted> decode(const http::response& answer, time_point now);

} // namespace troupe::email::sendgrid
