// adapters/smtp_client/smtp_client.hpp: port: handing mails to an SMTP server, as the adapters see it.
#pragma once

#include "actors/kernel/caf.hpp"

#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <string>
#include <vector>

namespace troupe::smtp {

/// One mail for one recipient. Addresses are bare; header fields are whole lines without their end, encoded already.
struct submission {
  std::string from;
  std::string to;
  std::vector<std::string> fields; // From, To, Subject, Date, Message-ID and what else; not of MIME
  std::string text;                // UTF-8, lines end with CR and LF
  std::string html;                // the same
  duration timeout{30'000};        // for all of it
};

/// The server's last reply: the one to the mail as a whole when it took it, otherwise the one that refused it.
struct reply {
  int code = 0;     // RFC 5321: 250 means taken over
  std::string text; // of a refusal
};

/// Any reply of the server is an answer. Fails with unavailable (surely nothing was sent), denied (the server does not
/// know us), timed_out or interrupted (it may have been received), refused (the mail cannot be put into its form).
using client_actor = caf::typed_actor<caf::result<reply>(submission)>;

template <class Inspector> bool inspect(Inspector& f, submission& x) {
  auto get = [&x] { return static_cast<std::int64_t>(x.timeout.count()); };
  auto set = [&x](std::int64_t milliseconds) {
    x.timeout = duration{milliseconds};
    return true;
  };
  return f.object(x).fields(f.field("from", x.from), f.field("to", x.to), f.field("fields", x.fields),
                            f.field("text", x.text), f.field("html", x.html), f.field("timeout", get, set));
}
template <class Inspector> bool inspect(Inspector& f, reply& x) {
  return f.object(x).fields(f.field("code", x.code), f.field("text", x.text));
}

} // namespace troupe::smtp

CAF_BEGIN_TYPE_ID_BLOCK(troupe_smtp_client, caf::first_custom_type_id + 850)
  CAF_ADD_TYPE_ID(troupe_smtp_client, (troupe::smtp::submission))
  CAF_ADD_TYPE_ID(troupe_smtp_client, (troupe::smtp::reply))
CAF_END_TYPE_ID_BLOCK(troupe_smtp_client)
