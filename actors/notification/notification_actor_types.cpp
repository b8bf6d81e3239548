#include "actors/notification/notification_actor.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::notification {

std::string to_string(rejection x) {
  return std::string{name_of(x)};
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

mail_view make_view(const mail_id& id, const state& s) {
  mail_view x;
  x.id = id;
  x.status = s.status;
  x.template_name = s.template_name;
  x.kind = s.kind;
  x.provider = s.provider;
  x.message_id = s.message_id;
  x.why = s.status == status::pending && s.last_failure ? std::string{troupe::name_of(*s.last_failure)} : s.why;
  x.attempts = s.attempts + s.unanswered;
  x.times_given_up = s.times_given_up;
  x.requested_at = s.requested_at;
  x.updated_at = s.updated_at;
  return x;
}

} // namespace troupe::notification
