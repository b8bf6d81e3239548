// actors/notification/mailer.hpp: port: what a mail needs from a mail provider, in our own words.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/notification/notification.hpp"

#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace troupe::notification {

/// Sends one mail. Sending again with the same key is harmless as far as the provider remembers keys; the README of
/// each adapter says how far that is.
struct send_mail {
  std::string key; // idempotency key: the mail's id
  mailbox from;
  mailbox to; // personal
  std::string template_name;
  std::string model; // personal: a JSON object
  category kind = category::transactional;
};

/// The provider has taken the mail over; whether it arrives is another matter.
struct accepted {
  std::string id; // the provider's
};

/// A mail provider. Fails with a mail_refusal, or with an `ec`, where may_have_acted(ec) tells whether the mail may
/// have been sent all the same. The context of a rate_limited or unavailable error may hold the wait asked for, as
/// payment::retry_after reads it.
using mailer_actor = caf::typed_actor<caf::result<accepted>(request_context, send_mail)>;

std::string to_string(category x);
bool from_string(caf::string_view text, category& x);
bool from_integer(std::uint8_t value, category& x);
std::string to_string(mail_refusal x);
bool from_string(caf::string_view text, mail_refusal& x);
bool from_integer(std::uint8_t value, mail_refusal& x);

template <class Inspector> bool inspect(Inspector& f, category& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, mail_refusal& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, mailbox& x) {
  return f.object(x).fields(f.field("address", x.address), f.field("name", x.name));
}
template <class Inspector> bool inspect(Inspector& f, send_mail& x) {
  return f.object(x).fields(f.field("key", x.key), f.field("from", x.from), f.field("to", x.to),
                            f.field("template", x.template_name), f.field("model", x.model), f.field("kind", x.kind));
}
template <class Inspector> bool inspect(Inspector& f, accepted& x) {
  return f.object(x).fields(f.field("id", x.id));
}

} // namespace troupe::notification

CAF_BEGIN_TYPE_ID_BLOCK(troupe_mailer, caf::first_custom_type_id + 1000)
  CAF_ADD_TYPE_ID(troupe_mailer, (troupe::notification::category))
  CAF_ADD_TYPE_ID(troupe_mailer, (troupe::notification::mail_refusal))
  CAF_ADD_TYPE_ID(troupe_mailer, (troupe::notification::mailbox))
  CAF_ADD_TYPE_ID(troupe_mailer, (troupe::notification::send_mail))
  CAF_ADD_TYPE_ID(troupe_mailer, (troupe::notification::accepted))
CAF_END_TYPE_ID_BLOCK(troupe_mailer)

CAF_ERROR_CODE_ENUM(troupe::notification::mail_refusal)
