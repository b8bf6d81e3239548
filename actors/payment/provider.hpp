// actors/payment/provider.hpp: port: what an order needs from a payment provider, in payment's own words.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/time.hpp"

#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::payment {

/// Asks the customer's bank to set money aside. Doing it again with the same key is harmless within the provider's key
/// lifetime.
struct authorize {
  std::string reference; // ours, the provider can be searched by it: the order's id
  std::string key;       // idempotency key
  money amount;
  std::string method; // the provider's token of a card or wallet; never a card number
};

/// Takes the money that was set aside. Capturing twice with one key takes it once.
struct capture {
  payment_id id;
  std::string key;
  money amount;
};

/// Compensates authorize: gives back what was set aside.
struct void_payment {
  payment_id id;
  std::string key;
};

/// Compensates capture.
struct refund {
  payment_id id;
  std::string key;
  money amount;
};

/// Finds what became of earlier requests with this reference.
struct find_payments {
  std::string reference;
};

/// The reference of no order: looking for it shows whether the provider answers, and needs no proof that there is none.
inline constexpr const char* probe_reference = "health-check";

enum class payment_status : std::uint8_t {
  authorized = 1,
  captured,
  declined,
  pending, // also every status that the codec does not know: money is then never taken to be free
  voided,
};

enum class refund_status : std::uint8_t { succeeded = 1, pending, failed };

/// What a guard did about a call before it was answered, other than to pass it on. Providers themselves leave it out.
struct tried {
  time_point at;
  std::string operation; // "authorize", "find"
  std::string what;      // "retried", "hedged"
  std::string why;       // for people: policy, its line and figures; never personal data

  bool operator==(const tried&) const = default;
};

struct payment {
  payment_id id;
  payment_status status = payment_status::pending;
  money amount;
  std::string reason; // why it was declined, in the provider's code
  std::vector<troupe::payment::tried> tried = {};
};

struct refunded {
  std::string id;
  refund_status status = refund_status::pending;
  std::vector<troupe::payment::tried> tried = {};
};

struct payments {
  std::vector<payment> items;
  std::vector<troupe::payment::tried> tried = {};
};

/// A payment provider. Fails with an `ec`; may_have_acted(ec) tells whether money may have moved all the same. The
/// wait that a rate_limited, unavailable or circuit_open error asks for is its retry_after, and what was tried before
/// it its tried_before.
using provider_actor = caf::typed_actor<
  // Answers authorized, declined or pending (captured only when an earlier capture is repeated).
  caf::result<payment>(request_context, authorize), caf::result<payment>(request_context, capture),
  // Voiding what is voided already succeeds.
  caf::result<payment>(request_context, void_payment), caf::result<refunded>(request_context, refund),
  // Empty when the provider has none with this reference.
  caf::result<payments>(request_context, find_payments)>;

/// One configured provider.
struct provider {
  provider_actor actor;
  duration key_lifetime{std::chrono::hours{24}}; // how long the provider remembers idempotency keys
};

using providers = std::map<std::string, provider>; // by configured name

/// The error of a call that should be repeated after `wait` at the earliest.
inline caf::error wait_and_retry(ec code, duration wait) {
  return make_failure(code, wait);
}

/// The wait that an error asks for.
std::optional<duration> retry_after(const caf::error& x);

/// `x` with what was tried before it; as it is when it is none of make_failure.
caf::error after_tries(caf::error x, std::vector<tried> what);

/// What after_tries was told; nothing for other errors.
std::vector<tried> tried_before(const caf::error& x);

std::string to_string(payment_status x);
bool from_string(caf::string_view text, payment_status& x);
bool from_integer(std::uint8_t value, payment_status& x);
std::string to_string(refund_status x);
bool from_string(caf::string_view text, refund_status& x);
bool from_integer(std::uint8_t value, refund_status& x);

template <class Inspector> bool inspect(Inspector& f, payment_status& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, refund_status& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, authorize& x) {
  return f.object(x).fields(f.field("reference", x.reference), f.field("key", x.key), f.field("amount", x.amount),
                            f.field("method", x.method));
}
template <class Inspector> bool inspect(Inspector& f, capture& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("key", x.key), f.field("amount", x.amount));
}
template <class Inspector> bool inspect(Inspector& f, void_payment& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("key", x.key));
}
template <class Inspector> bool inspect(Inspector& f, refund& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("key", x.key), f.field("amount", x.amount));
}
template <class Inspector> bool inspect(Inspector& f, find_payments& x) {
  return f.object(x).fields(f.field("reference", x.reference));
}
template <class Inspector> bool inspect(Inspector& f, tried& x) {
  auto get = [&x] { return static_cast<std::int64_t>(x.at.time_since_epoch().count()); };
  auto set = [&x](std::int64_t milliseconds) {
    x.at = time_point{duration{milliseconds}};
    return true;
  };
  return f.object(x).fields(f.field("at", get, set), f.field("operation", x.operation), f.field("what", x.what),
                            f.field("why", x.why));
}
template <class Inspector> bool inspect(Inspector& f, payment& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("status", x.status), f.field("amount", x.amount),
                            f.field("reason", x.reason), f.field("tried", x.tried));
}
template <class Inspector> bool inspect(Inspector& f, refunded& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("status", x.status), f.field("tried", x.tried));
}
template <class Inspector> bool inspect(Inspector& f, payments& x) {
  return f.object(x).fields(f.field("items", x.items), f.field("tried", x.tried));
}

} // namespace troupe::payment

CAF_BEGIN_TYPE_ID_BLOCK(troupe_payment, caf::first_custom_type_id + 500)
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::authorize))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::capture))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::void_payment))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::refund))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::find_payments))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::payment_status))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::refund_status))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::payment))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::refunded))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::payments))
  CAF_ADD_TYPE_ID(troupe_payment, (troupe::payment::tried))
  CAF_ADD_TYPE_ID(troupe_payment, (std::vector<troupe::payment::tried>))
CAF_END_TYPE_ID_BLOCK(troupe_payment)
