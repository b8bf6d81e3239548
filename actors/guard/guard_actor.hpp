// actors/guard/guard_actor.hpp: the guards in front of other services, as operators see them.
#pragma once

#include "actors/kernel/caf.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::guard {

struct get_guards {};

struct get_guard {
  std::string name; // "payment.stripe"
};

enum class breaker_mode : std::uint8_t { automatic = 1, open, closed };
std::string_view name_of(breaker_mode x); // "auto", "open", "closed"
std::optional<breaker_mode> parse_breaker_mode(std::string_view text);

/// Holds a breaker open or closed, or leaves it to its rules again. Until the node ends.
struct set_breaker {
  std::string name;
  breaker_mode mode = breaker_mode::automatic;
  std::string reason; // of the operator; never empty
};

/// Puts a guard under another policy: a named one, with some of its rules changed. Until the configuration is read
/// again or the node ends.
struct set_policy {
  std::string name;
  std::string policy;                       // empty: the one that holds now
  std::map<std::string, std::string> rules; // as in the configuration: "breaker.open_time" is "10s"
  std::string reason;
};

/// Something that a guard decided otherwise than to let a call pass.
struct decision {
  time_point at;
  std::string what;      // "refused", "retried", "gave_up", "hedged", "cached", "fell_back", "breaker", "operator"
  std::string operation; // "authorize"; empty for what concerns all
  std::string caller;    // "order/<id>"
  std::string why;
};

struct allowance {
  std::uint64_t limit = 0;
  duration per{0};
  std::uint64_t left = 0; // at once
};

struct report {
  std::string name;
  std::string policy;
  std::string source; // "troupe.yaml:42", "default", "operator"
  std::string state;  // of the breaker: "closed", "open", "half_open"
  breaker_mode mode = breaker_mode::automatic;
  std::string reason;             // why it is not closed
  duration wait{0};               // until it lets a call through
  std::uint64_t failures = 0;     // in a row
  std::uint64_t under_way = 0;    // attempts
  std::uint64_t in_line = 0;      // calls that wait for their turn
  std::uint64_t retries_left = 0; // of the budget, now
  std::uint64_t budget_calls = 0; // that it is reckoned from
  std::optional<allowance> rate;
  std::optional<allowance> bulk_rate;
  std::uint64_t calls = 0; // since the node began; likewise below
  std::uint64_t refused = 0;
  std::uint64_t retried = 0;
  std::uint64_t failed = 0; // calls without an answer at the end
  std::map<std::string, std::string> rules;
  std::vector<decision> recent; // latest last
};

struct reports {
  std::vector<report> items; // by name
};

enum class rejection : std::uint8_t {
  unknown_guard = 1,
  unknown_policy,
  no_reason,
  bad_rule, // the error's context says which and why
};

/// All guards of a node.
using guards_actor = caf::typed_actor<caf::result<reports>(get_guards),
                                      // Fails with unknown_guard.
                                      caf::result<report>(get_guard),
                                      // May be repeated. Fails with unknown_guard, no_reason.
                                      caf::result<report>(request_context, set_breaker),
                                      // May be repeated. Fails with unknown_guard, unknown_policy, no_reason, bad_rule.
                                      caf::result<report>(request_context, set_policy)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}

} // namespace troupe::guard

CAF_BEGIN_TYPE_ID_BLOCK(troupe_guard, caf::first_custom_type_id + 900)
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::get_guards))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::get_guard))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::set_breaker))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::set_policy))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::report))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::reports))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::rejection))
CAF_END_TYPE_ID_BLOCK(troupe_guard)

CAF_ERROR_CODE_ENUM(troupe::guard::rejection)

// Operators ask the node whose guards they are.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::guard::get_guards)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::guard::get_guard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::guard::set_breaker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::guard::set_policy)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::guard::report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::guard::reports)
