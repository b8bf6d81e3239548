// supervisors/resilience/guard_core.hpp: what a guard decides about each call. No CAF, no clock, no I/O.
//
// In this order: deadline, circuit breaker, rate, bulkhead; after a failed attempt: what failed, how often, the time
// that is left, the retry budget, and the first four again. The breaker is asked early so that a refused call costs no
// token.
#pragma once

#include "actors/kernel/error.hpp"
#include "supervisors/resilience/bulkhead.hpp"
#include "supervisors/resilience/call_rate.hpp"
#include "supervisors/resilience/circuit_breaker.hpp"
#include "supervisors/resilience/retry_budget.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::resilience {

/// Whether an operation may be done again.
enum class repeatable : std::uint8_t {
  never = 1,  // only when surely nothing was done
  one_by_one, // it carries an idempotency key: again when the attempt before is over
  any_time,   // it changes nothing: also beside an attempt that is still under way
};

/// What a guard knows of one call between its attempts.
struct call {
  repeatable repeats = repeatable::never;
  priority rank = priority::transactional;
  time_point begun;
  time_point deadline; // no attempt begins later, none runs longer
  std::uint64_t attempts = 0;
  std::optional<ec> uncertain; // why an attempt may have acted without an answer
};

/// The end of a call that did not work. `code` never says less than what may have happened: when any attempt may have
/// acted, may_have_acted(code).
struct refusal {
  ec code = ec::unavailable;
  duration wait{0}; // before it makes sense to ask again
  std::string why;  // policy, place in the configuration, figures; for people
};

/// An attempt begins now.
struct attempt {
  circuit_breaker::generation admitted = 0;
  time_point deadline; // without an answer by then it has timed out
};

struct in_line {
  time_point until;
};

struct pause {
  duration length{0}; // then try_again
  std::string why;
};

class guard_core {
public:
  explicit guard_core(resilience::policy x);

  /// A call comes. `ticket` is the caller's number for it, which next() tells when its turn comes.
  std::variant<attempt, in_line, refusal> begin(call& x, bulkhead::ticket ticket, time_point now);

  /// One whose turn has come, or who has waited too long; nothing while nobody's turn has come.
  struct turn {
    bulkhead::ticket ticket = 0;
    bool too_late = false;
  };
  std::optional<turn> next(time_point now);
  std::variant<attempt, refusal> enter(call& x, const turn& of, time_point now);

  /// When next() may have somebody without any call ending before; nothing when nobody waits.
  std::optional<time_point> next_at(time_point now) const;

  /// An attempt is over. To be told once of each.
  void succeeded(const attempt& x, time_point now);
  void failed(const attempt& x, ec code, time_point now);
  void abandoned(const attempt& x, time_point now); // its answer is not needed any more

  /// What follows the failure that ended the last attempt under way. `asked` is the wait that the service asks for.
  std::variant<pause, refusal> after_failure(call& x, ec code, std::optional<duration> asked, double jitter,
                                             time_point now);

  /// A pause is over. `code` is the failure before it. Another, short one follows while a token is on its way.
  std::variant<attempt, pause, refusal> try_again(call& x, ec code, time_point now);

  /// A second attempt beside the first, of a read that is slow; nothing when a rule is against it.
  std::optional<attempt> hedge(call& x, time_point now);

  /// The error for the caller, see refusal.
  refusal give_up(const call& x, ec code, duration wait, std::string why, time_point now) const;

  const resilience::policy& policy() const { return policy_; }
  void configure(resilience::policy x);

  const circuit_breaker& breaker() const { return breaker_; }
  void force(breaker_mode x, std::string why, time_point now) { breaker_.force(x, std::move(why), now); }

  void hear_opened(duration length, std::string why, time_point now) {
    breaker_.hear_opened(length, std::move(why), now);
  }
  void hear_closed(time_point now) { breaker_.hear_closed(now); }

  // ---- rates that hold for several nodes

  /// What a rate wants of whoever keeps it for all.
  struct wish {
    bool bulk = false; // of the bulk rate
    rate_rules rules;
    leased_tokens::question what;
  };

  /// Tokens are leased from now on.
  void share_rates();
  /// To be asked now, after anything else was decided; granted() is its answer.
  std::optional<wish> wishes(time_point now);
  void granted(bool bulk, std::uint64_t tokens, duration wait, time_point now);

  const bulkhead& places() const { return bulkhead_; }
  retry_budget::left budget(time_point now) const { return budget_.remaining(policy_.retry, now); }
  const call_rate& bucket(priority x) const;

private:
  call_rate& bucket(priority x);
  attempt start(call& x, time_point now);
  bulkhead_rules line_of(priority x, time_point now) const;
  refusal circuit_open(const call& x, time_point now);
  refusal rate_used_up(const call& x, time_point now);
  std::string rate_text(priority x) const;

  resilience::policy policy_;
  circuit_breaker breaker_;
  call_rate rate_;
  call_rate bulk_rate_;
  bulkhead bulkhead_;
  retry_budget budget_;
  std::uint64_t refused_ = 0; // by the open breaker
};

} // namespace troupe::resilience
