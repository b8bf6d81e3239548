// supervisors/resilience/mail_port.hpp: what a guard may do with the calls to a mail provider.
#pragma once

#include "actors/notification/mailer.hpp"
#include "supervisors/resilience/guard.hpp"

namespace troupe::resilience {

/// Most providers remember no key, so a mail is sent again only when surely it was not; a mail tries again by itself
/// anyway, durably.
inline port mail_port(const std::string& provider) {
  port out;
  out.service = "email." + provider;
  out.operations = {operation_of<notification::send_mail>("send", repeatable::never)};
  return out;
}

} // namespace troupe::resilience
