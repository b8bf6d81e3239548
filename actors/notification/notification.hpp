// actors/notification/notification.hpp: one mail, from the request to its end. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/id.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::notification {

using mail_id = id<struct mail_tag>; // what the mail is about and which one: "<order>/confirmation"

inline constexpr std::size_t id_bytes_max = 200; // providers take idempotency keys of 256 characters
inline constexpr std::size_t model_bytes_max = 64 << 10;

/// The template that needs nothing of its model, and takes the place of one that cannot be rendered.
inline constexpr const char* default_template = "default";

/// Which of the two limits a mail falls under; a transactional one goes first.
enum class category : std::uint8_t { transactional = 1, bulk };
std::string_view name_of(category x);

struct mailbox {
  std::string address; // personal
  std::string name;    // personal; may be empty

  bool operator==(const mailbox&) const = default;
};

/// Whether a mail server could take `address` for one: a local part and a domain, without spaces or control characters.
bool is_mail_address(std::string_view address);

/// Why a mailer will not send a mail, however often it is asked.
enum class mail_refusal : std::uint8_t {
  invalid_address = 1, // the recipient's
  blocked_domain,      // the provider does not take mail from our domain, or to theirs
  template_error,      // the template is unknown or cannot be rendered
  already_accepted,    // a mail with this key and another content was accepted before
};
std::string_view name_of(mail_refusal x);

// ---- commands: each is safe to repeat ------------------------------------------------------------------------------

/// Asks for one mail. Whoever asks again with the same id, with whatever content, gets the first one.
struct request_mail {
  mail_id id;
  mailbox to; // personal
  std::string template_name;
  std::string model; // personal: a JSON object with what the template names
  category kind = category::transactional;
};

/// Puts a mail that was given up on its way again. For one that is on its way or was sent it succeeds and changes
/// nothing.
struct try_again {
  mail_id id;
  std::string key; // of who asks; the same one is heeded once
};

// What trying to send found out. Each is decided upon like a command.

struct mail_accepted {
  std::string provider;
  std::string message_id; // the provider's
};
/// A try did not work and another may.
struct try_failed {
  std::string provider;
  ec code = ec::unavailable;
  std::optional<duration> wait; // asked for by the other side
  bool repeated = false;        // somebody may have tried before, and what came of it is not stored
};
struct try_refused {
  std::string provider;
  mail_refusal why = mail_refusal::invalid_address;
};
/// Ends a mail that is too old. Decide upon it only while nothing is in flight.
struct time_passed {};
/// Operators had paused a provider for so long, in all, since the mail was asked for.
struct stood_still {
  duration total{0};
};

// ---- events: facts, stored for ever --------------------------------------------------------------------------------

struct requested {
  mailbox to;
  std::string template_name;
  std::string model;
  category kind = category::transactional;
  time_point expires_at;
  bool operator==(const requested&) const = default;
};
struct attempt_failed {
  std::string provider;
  ec code = ec::unavailable;
  std::uint32_t attempt = 0; // of those that the code counts for, from 1; 0 where it counts for none
  std::string next_provider;
  time_point next_at;
  bool operator==(const attempt_failed&) const = default;
};
/// The template cannot be rendered; from now on the default one is tried.
struct template_failed {
  std::string template_name;
  bool operator==(const template_failed&) const = default;
};
struct sent {
  std::string provider;
  std::string message_id; // empty when the provider only said that it had accepted the mail before
  bool operator==(const sent&) const = default;
};
/// Nobody could have been written to. `why` is "invalid_address", "no_provider" or "erased".
struct skipped {
  std::string why;
  bool operator==(const skipped&) const = default;
};
/// `why` is "expired", "blocked_domain", "template_error", or the code of the last try.
struct given_up {
  std::string why;
  std::string provider; // of the last try; empty when none was due any more
  bool operator==(const given_up&) const = default;
};

/// A given-up mail is tried again, until `expires_at`.
struct put_back {
  std::string key;
  time_point expires_at;
  bool operator==(const put_back&) const = default;
};

/// It was paused meanwhile, and has that much more time.
struct time_extended {
  duration stood_still{0}; // in all, since it was asked for
  time_point expires_at;
  bool operator==(const time_extended&) const = default;
};

using event =
  std::variant<requested, attempt_failed, template_failed, sent, skipped, given_up, put_back, time_extended>;

/// The stored type without "notification.".
std::string_view name_of(const event& x);

enum class rejection : std::uint8_t {
  unknown_mail = 1,
  bad_id,          // empty or longer than id_bytes_max
  no_template,     // the template has no name
  model_too_large, // more than model_bytes_max
  not_given_up,    // nothing is left to try: it was skipped
  erased,          // its personal data is gone
  no_provider,     // none is configured
};
std::string_view name_of(rejection x);

using decision = std::variant<std::vector<event>, rejection>;

// ---- state ---------------------------------------------------------------------------------------------------------

enum class status : std::uint8_t { pending = 1, sent, skipped, given_up };
std::string_view name_of(status x);

struct state {
  bool known = false;
  notification::status status = notification::status::pending;
  mailbox to;                 // until it was sent or skipped
  std::string model;          // until it was sent or skipped
  std::string template_name;  // of the next try
  std::string asked_template; // that was asked for
  category kind = category::transactional;
  time_point expires_at;
  std::string provider;           // of the last try, or of the next one while pending
  std::vector<std::string> tried; // providers that surely sent nothing since the last wait
  std::uint32_t attempts = 0;     // in general
  std::uint32_t unanswered = 0;   // of which it is not known whether the mail was sent
  bool in_doubt = false;          // the mail may have left before it was given up
  std::uint32_t times_given_up = 0;
  std::string last_key; // of who put it back the last time
  std::optional<ec> last_failure;
  time_point next_at; // of the next try after a failed one
  std::string message_id;
  std::string why; // of an end other than sent
  time_point requested_at;
  time_point updated_at;
  duration stood_still{0}; // by which expires_at is later than it was at first

  bool operator==(const state&) const = default;

  /// `at` is when the event was recorded.
  void apply(const event& e, time_point at); // the only writer; cannot fail
};

struct policy {
  std::vector<std::string> providers{};     // names in the order in which they are tried; none: no mail is sent
  std::uint32_t attempts_max = 5;           // in general
  std::uint32_t unanswered_max = 3;         // without an answer
  duration retry_base{10'000};              // once for the first wait, twice for the second, and so on
  duration rate_limit_wait{60'000};         // where the provider names none
  duration lifetime{std::chrono::hours{1}}; // from the request to the last try

  bool operator==(const policy&) const = default;
};

// ---- what is to be done --------------------------------------------------------------------------------------------

namespace effect {
struct send {
  std::string provider;
  bool operator==(const send&) const = default;
};
} // namespace effect

/// What is left to do, a pure function of what is stored. Nothing while the next try is not due (see wake_up), and at
/// the end.
std::optional<effect::send> outstanding(const state& s, time_point now, const policy& p);

/// Who sends the mail next, due or not; empty where there is nobody.
std::string next_provider(const state& s, const policy& p);

/// When to look at `s` again; nothing for a mail that has ended.
std::optional<time_point> wake_up(const state& s);

decision decide(const state& s, const request_mail& cmd, time_point now, const policy& p);
decision decide(const state& s, const try_again& cmd, time_point now, const policy& p);
decision decide(const state& s, const mail_accepted& x);
decision decide(const state& s, const try_failed& x, time_point now, const policy& p);
decision decide(const state& s, const try_refused& x);
decision decide(const state& s, const time_passed& x, time_point now);
decision decide(const state& s, const stood_still& x);

} // namespace troupe::notification
