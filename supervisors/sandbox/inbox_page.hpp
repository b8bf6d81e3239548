// supervisors/sandbox/inbox_page.hpp: the sandbox's inbox, for people and for programs. No clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "adapters/email/inbox.hpp"

#include <string>
#include <string_view>

namespace troupe::sandbox {

/// All mails, the latest first. Whatever stands in a mail is shown as text.
http::response inbox_page(const email::inbox& x);

/// One mail: its fields, its HTML as a customer sees it, in a frame that runs nothing and loads nothing, and its text.
http::response letter_page(const email::letter& x);

/// `{"taken": 2, "mails": [{"number", "at", "by", "id", "key", "from", "to", "subject", "bounced"}]}`, the latest
/// first, without their bodies; only those whose recipients contain `to`, unless that is empty.
std::string inbox_json(const email::inbox& x, std::string_view to);

/// One mail with `text` and `html`.
std::string letter_json(const email::letter& x);

} // namespace troupe::sandbox
