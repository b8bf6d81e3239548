// actors/notification/notification_actor.hpp: a mail, as the rest of the system sees it.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/kernel/enum_names.hpp"
#include "actors/notification/mailer.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::notification {

struct get_mail {
  mail_id id;
};

/// What became of a mail; holds no personal data.
struct mail_view {
  mail_id id;
  notification::status status = notification::status::pending;
  std::string template_name;
  category kind = category::transactional;
  std::string provider;       // that took it, or of the last try
  std::string message_id;     // that provider's; empty unless it was sent
  std::string why;            // of an end other than sent, or the code of the last failed try
  std::uint32_t attempts = 0; // failed ones that count
  std::uint32_t times_given_up = 0;
  time_point requested_at;
  time_point updated_at;
};

mail_view make_view(const mail_id& id, const state& s);

/// A mail, or the region that leads to it. Every command fails as the journal does, too.
using notification_actor = caf::typed_actor<
  // Answers once durable, before anything is sent; the first one's mail when it is repeated. Fails with bad_id,
  // no_template, model_too_large.
  caf::result<mail_view>(request_context, request_mail),
  // Answers once durable. Fails with unknown_mail, not_given_up, erased, no_provider.
  caf::result<mail_view>(request_context, try_again),
  // Fails with unknown_mail.
  caf::result<mail_view>(request_context, get_mail)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, request_mail& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("to", x.to), f.field("template", x.template_name),
                            f.field("model", x.model), f.field("kind", x.kind));
}
template <class Inspector> bool inspect(Inspector& f, try_again& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("key", x.key));
}
template <class Inspector> bool inspect(Inspector& f, get_mail& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, status& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, mail_view& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("status", x.status), f.field("template", x.template_name),
                            f.field("kind", x.kind), f.field("provider", x.provider),
                            f.field("message_id", x.message_id), f.field("why", x.why), f.field("attempts", x.attempts),
                            f.field("times_given_up", x.times_given_up), f.field("requested_at", x.requested_at),
                            f.field("updated_at", x.updated_at));
}

} // namespace troupe::notification

CAF_BEGIN_TYPE_ID_BLOCK(troupe_notification, caf::first_custom_type_id + 1020)
  CAF_ADD_TYPE_ID(troupe_notification, (troupe::notification::rejection))
  CAF_ADD_TYPE_ID(troupe_notification, (troupe::notification::request_mail))
  CAF_ADD_TYPE_ID(troupe_notification, (troupe::notification::get_mail))
  CAF_ADD_TYPE_ID(troupe_notification, (troupe::notification::mail_view))
  CAF_ADD_TYPE_ID(troupe_notification, (troupe::notification::try_again))
CAF_END_TYPE_ID_BLOCK(troupe_notification)

CAF_ERROR_CODE_ENUM(troupe::notification::rejection)
