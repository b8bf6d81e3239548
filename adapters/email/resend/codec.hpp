// adapters/email/resend/codec.hpp: Resend's wire form. No clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "adapters/email/message.hpp"

namespace troupe::email::resend {

/// `POST /emails`, without credentials. Its Idempotency-Key is the mail's key.
http::request encode(const message& x);

/// Fails with a mail_refusal or as http::code_of_status says, and with bad_response for a body that is not of its form.
caf::expected<notification::accepted> decode(const http::response& answer, time_point now);

} // namespace troupe::email::resend
