// actors/guard/guard_actor.hpp: the guards in front of other services, as operators see them.
#pragma once

#include "actors/guard/guard.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/kernel/enum_names.hpp"

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
  /// What operators did, over restarts, the latest last. Nothing when the journal cannot say, or was not asked.
  std::optional<std::vector<action>> actions;
};

struct reports {
  std::vector<report> items; // by name
};

struct get_trail {
  std::string name;
};

/// What is kept of one guard.
struct trail {
  std::string name;
  breaker_set breaker;
  std::vector<action> actions; // the latest last
  std::uint64_t version = 0;   // grows with each action
};

/// Keeps what operators do to one guard, or leads to all that do. Nothing here makes it so: whoever asks does, once it
/// is kept. The answers are in the order of the questions. Every command fails as the journal does, too.
using trail_actor = caf::typed_actor<
  // May be repeated. Fails with no_reason.
  caf::result<trail>(request_context, set_breaker),
  // Each time is another action. Fails with no_reason.
  caf::result<trail>(request_context, set_policy), caf::result<trail>(request_context, get_trail)>;

/// All guards of a node. What an operator does is in the journal before it counts; when the journal does not take it,
/// the journal's error is the answer and nothing has changed.
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
template <class Inspector> bool inspect(Inspector& f, breaker_mode& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, get_guard& x) {
  return f.object(x).fields(f.field("name", x.name));
}
template <class Inspector> bool inspect(Inspector& f, set_breaker& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("mode", x.mode), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, set_policy& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("policy", x.policy), f.field("rules", x.rules),
                            f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, decision& x) {
  return f.object(x).fields(f.field("at", x.at), f.field("what", x.what), f.field("operation", x.operation),
                            f.field("caller", x.caller), f.field("why", x.why));
}
template <class Inspector> bool inspect(Inspector& f, allowance& x) {
  return f.object(x).fields(f.field("limit", x.limit), f.field("per", x.per), f.field("left", x.left));
}
template <class Inspector> bool inspect(Inspector& f, action& x) {
  return f.object(x).fields(f.field("at", x.at), f.field("what", x.what), f.field("detail", x.detail),
                            f.field("by", x.by), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, report& x) {
  return f.object(x).fields(
    f.field("name", x.name), f.field("policy", x.policy), f.field("source", x.source), f.field("state", x.state),
    f.field("mode", x.mode), f.field("reason", x.reason), f.field("wait", x.wait), f.field("failures", x.failures),
    f.field("under_way", x.under_way), f.field("in_line", x.in_line), f.field("retries_left", x.retries_left),
    f.field("budget_calls", x.budget_calls), f.field("rate", x.rate), f.field("bulk_rate", x.bulk_rate),
    f.field("calls", x.calls), f.field("refused", x.refused), f.field("retried", x.retried),
    f.field("failed", x.failed), f.field("rules", x.rules), f.field("recent", x.recent), f.field("actions", x.actions));
}
template <class Inspector> bool inspect(Inspector& f, reports& x) {
  return f.object(x).fields(f.field("items", x.items));
}
template <class Inspector> bool inspect(Inspector& f, get_trail& x) {
  return f.object(x).fields(f.field("name", x.name));
}
template <class Inspector> bool inspect(Inspector& f, breaker_set& x) {
  return f.object(x).fields(f.field("mode", x.mode), f.field("reason", x.reason), f.field("by", x.by));
}
template <class Inspector> bool inspect(Inspector& f, trail& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("breaker", x.breaker), f.field("actions", x.actions),
                            f.field("version", x.version));
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
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::get_trail))
  CAF_ADD_TYPE_ID(troupe_guard, (troupe::guard::trail))
CAF_END_TYPE_ID_BLOCK(troupe_guard)

CAF_ERROR_CODE_ENUM(troupe::guard::rejection)
