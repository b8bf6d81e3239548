// adapters/payment/stripe/webhook.hpp: whether a webhook is Stripe's, and what it tells. No clock, no I/O.
#pragma once

#include "actors/kernel/id.hpp"
#include "actors/kernel/time.hpp"
#include "adapters/payment/stripe/options.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::payment::stripe {

enum class webhook_refusal : std::uint8_t {
  bad_signature = 1, // not signed, or not with our secret
  too_old,           // signed longer ago than the tolerance, or that far ahead of us
  malformed,         // rightly signed, but no event
  repeated,          // an event that was admitted before: acknowledge it, do nothing
};

std::string_view name_of(webhook_refusal x);

/// What an event is about. Its content is not to be trusted over what the provider answers when it is asked: an event
/// is a reason to look the payment up.
struct webhook_event {
  std::string id;        // "evt_…"
  std::string type;      // "payment_intent.succeeded"
  payment_id payment;    // empty when the event is about something else
  std::string reference; // ours, where the event carries it
};

/// The time of the signature, or why it does not hold. `header` is `Stripe-Signature`: `t=<seconds>` and any number of
/// `v1=<HMAC-SHA256 of "t.body" in hex>`, one of which must match; other parts are passed over.
std::variant<time_point, webhook_refusal> verify_signature(std::string_view header, std::string_view body,
                                                           std::string_view secret, time_point now, duration tolerance);

std::variant<webhook_event, webhook_refusal> parse_event(std::string_view body);

/// Remembers events for as long as their signature holds, `events_max` of them. When there are more, the oldest are
/// forgotten, and from then on signatures of that age do not hold any more: a replay is never admitted, Stripe sends
/// again with a new signature.
class replay_memory {
public:
  replay_memory(duration tolerance, std::size_t events_max) : tolerance_(tolerance), events_max_(events_max) {}

  enum class answer : std::uint8_t { admitted = 1, repeated, too_old };

  answer admit(const std::string& id, time_point signed_at, time_point now);
  void forget(const std::string& id);
  std::size_t size() const { return signed_at_.size(); }

private:
  void drop_oldest();

  duration tolerance_;
  std::size_t events_max_;
  time_point floor_ = time_point::min();        // signatures up to this time do not hold
  std::map<std::string, time_point> signed_at_; // by event
  std::set<std::pair<time_point, std::string>> by_age_;
};

/// Everything together, for several threads at once.
class webhook_verifier {
public:
  explicit webhook_verifier(webhook_options options)
    : options_(std::move(options)), memory_(options_.tolerance, options_.events_max) {}

  /// The event, the first time that it comes.
  std::variant<webhook_event, webhook_refusal> admit(std::string_view signature, std::string_view body, time_point now);

  /// The event could not be acted upon: admits it again when Stripe repeats it.
  void forget(const webhook_event& x);

private:
  const webhook_options options_;
  std::mutex mutex_; // guards memory_
  replay_memory memory_;
};

/// For several endpoints at one address, each with its secret: the answer of the first whose secret has signed it,
/// otherwise bad_signature.
std::variant<webhook_event, webhook_refusal>
admit_by_any(const std::vector<std::shared_ptr<webhook_verifier>>& verifiers, std::string_view signature,
             std::string_view body, time_point now);

} // namespace troupe::payment::stripe
