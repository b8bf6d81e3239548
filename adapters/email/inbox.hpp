// adapters/email/inbox.hpp: where the mails of the sandbox land. No clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace troupe::email {

/// A mail as the sandbox took it.
struct letter {
  std::uint64_t number = 0; // given by the inbox, from 1
  time_point at;
  std::string by;  // "sendgrid", "resend", "smtp"
  std::string id;  // the provider's
  std::string key; // ours, as far as the wire carries it
  std::string from;
  std::string to;
  std::string subject;
  std::string text;
  std::string html;
  bool bounced = false; // taken over, and sent back by the recipient's server later
};

/// The latest mails. Not for two threads at once.
class inbox {
public:
  static constexpr std::size_t letters_max = 500;
  static constexpr std::size_t bytes_max = 32 << 20; // of all of them

  /// The oldest go when there is no room.
  void add(letter x);

  const std::deque<letter>& letters() const { return letters_; } // oldest first
  const letter* find(std::uint64_t number) const;
  std::uint64_t taken() const { return taken_; } // since it was cleared, those that have gone included
  void clear();

private:
  std::deque<letter> letters_;
  std::size_t bytes_ = 0;
  std::uint64_t taken_ = 0;
};

/// What the sandbox does with a mail to this address. By the part before the @, whatever stands behind it:
///
/// | recipient        | what becomes of the mail                                                               |
/// |------------------|----------------------------------------------------------------------------------------|
/// | `invalid@…`      | refused: no such address                                                               |
/// | `blocked@…`      | refused: the provider does not send from our domain, or to this one                    |
/// | `limited@…`      | refused once in two times: too many requests, wait two seconds                         |
/// | `unavailable@…`  | refused once in two times: come back later                                             |
/// | `bounce@…`       | taken over, and marked as bounced                                                      |
/// | any other        | taken over                                                                             |
enum class recipient_kind : std::uint8_t { plain = 1, invalid, blocked, limited, unavailable, bounce };
recipient_kind kind_of_recipient(std::string_view address);

/// Behaves for recipients that fail once in two times.
class every_other {
public:
  bool fails() { return failed_ = !failed_; }

private:
  bool failed_ = false;
};

} // namespace troupe::email
