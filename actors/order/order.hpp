// actors/order/order.hpp: the saga of one order. No CAF, no clock, no I/O.
//
// The way of an order, and every way out:
//
//   placed ─► reserved ─► authorized ─► allocated ─► captured ─► confirmed
//     │          │            │            │             └─ cancelled: refund, take back    ─► refunded
//     │          │            │            └─ cancelled: void, take back                    ─► cancelled
//     │          │            └─ the hold has expired meanwhile: void                       ─► expired
//     │          ├─ declined: release                                                       ─► declined
//     │          └─ nothing sent to the provider and the hold expired: release              ─► expired
//     └─ a line is unknown or sold out: release                                             ─► rejected
//
// Money that may have moved is brought to a definite answer before anything is undone: while an authorization or a
// capture may have happened, it stays outstanding (looked up first, then repeated with its key), whatever the order is
// meant to become. When that is no longer possible, or a compensation is refused, the order goes to manual review. What
// could not be found out there may be asked for once more, see reopen.
//
// While operators have paused what the order needs next, it stands still where it is, keeps its holds, and no time of
// it runs out; see standstill.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/id.hpp"
#include "actors/kernel/money.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::order {

inline constexpr std::size_t lines_max = 100;
inline constexpr std::uint32_t units_max = 1'000'000; // of one line

struct item {
  sku_id sku;
  std::uint32_t units = 0;

  bool operator==(const item&) const = default;
};

struct address {
  std::string name;
  std::string line1;
  std::string line2;
  std::string city;
  std::string region;
  std::string postal_code;
  std::string country; // ISO 3166-1 alpha-2

  bool operator==(const address&) const = default;
};

// ---- commands: each is safe to repeat ------------------------------------------------------------------------------

struct place {
  order_id id;
  customer_id customer;
  std::string email; // personal
  troupe::currency currency;
  std::vector<item> items;
  std::string provider; // configured name; never empty here
  std::string method;
  std::optional<address> shipping; // personal
  bool capture_at_once = true;
  bool fresh = false; // the id was made for this command just now, so that no earlier order can have it
};

struct cancel {
  order_id id;
  std::string reason;
};

/// Captures an authorized order of a shop that does not capture at once.
struct capture {
  order_id id;
};

/// An operator has an order in review look once more for what became of the step that brought it there, and go on from
/// what it finds. The step's key is as old as it was: nothing is asked for that could be done twice. An order that is
/// not in review stays as it is.
struct reopen {
  order_id id;
  std::string request; // names this wish: asked for twice in a row, it counts once
};

// What the saga's effects found out. Each is decided upon like a command.

/// Every line has a price and holds its units until `expires_at`.
struct stock_ready {
  std::vector<money> prices; // per line, of one unit
  time_point expires_at;
};
/// One line cannot be had. `why` is "unknown_sku", "unknown_product", "out_of_stock", "other_currency", "too_much".
struct line_refused {
  std::size_t line = 0;
  std::string why;
};
struct payment_answered {
  payment_id id;
  bool authorized = false; // else declined
  bool captured = false;   // found captured already
  std::string reason;      // of a decline
};
struct stock_taken {}; // every line's units are sold
struct hold_lost {
  std::size_t line = 0;
};
struct money_taken {};    // captured
struct money_released {}; // voided
struct money_returned {
  std::string refund_id;
  bool pending = false; // the provider has taken it over and has not paid it out yet
};
struct stock_returned {}; // every line is released or taken back

enum class step : std::uint8_t { reserve = 1, authorize, allocate, capture, void_payment, refund, return_stock };
std::string_view name_of(step x);

/// A step did not work and may work later.
struct step_failed {
  order::step step = order::step::reserve;
  ec code = ec::unavailable;
  std::optional<duration> wait; // asked for by the other side
  double jitter = 0;            // uniform in [0, 1), drawn by the caller
  std::string why = {};         // by which rule it was refused or not repeated; empty where there is none
};
/// A step cannot work: refused by the other side, or its idempotency key is too old to repeat it.
struct step_impossible {
  order::step step = order::step::reserve;
  std::string why;
};
/// Time has passed: ends what has expired. Decide upon it only while nothing is in flight.
struct time_passed {
  /// Whoever asks has carried out every attempt of this order itself: no crash can hide one that was sent and that no
  /// event tells of. Without that, an authorization is never taken to be unsent.
  bool seen_all = false;
};

// ---- events: facts, stored for ever ------------------------------------------------------------------------------

struct placed {
  customer_id customer;
  std::string email;
  troupe::currency currency;
  std::vector<item> items;
  std::string provider;
  std::string method;
  std::optional<address> shipping;
  bool capture_at_once = true;
  bool operator==(const placed&) const = default;
};
struct priced {
  std::vector<money> prices;
  money total;
  bool operator==(const priced&) const = default;
};
struct stock_reserved {
  time_point expires_at;
  bool operator==(const stock_reserved&) const = default;
};
struct rejected {
  std::uint32_t line = 0;
  sku_id sku;
  std::string why;
  bool operator==(const rejected&) const = default;
};
struct payment_authorized {
  payment_id id;
  money amount;
  bool operator==(const payment_authorized&) const = default;
};
struct payment_declined {
  std::string reason;
  bool operator==(const payment_declined&) const = default;
};
struct stock_allocated {
  bool operator==(const stock_allocated&) const = default;
};
/// A hold on which the order rests has ended: the stock's (`line` is the first that was found so), or, with
/// `authorization`, the payment's, because nobody asked for its capture within the capture window.
struct hold_expired {
  std::uint32_t line = 0;
  bool authorization = false;
  bool operator==(const hold_expired&) const = default;
};
struct capture_requested {
  bool operator==(const capture_requested&) const = default;
};
struct payment_captured {
  money amount;
  bool operator==(const payment_captured&) const = default;
};
struct confirmed {
  bool operator==(const confirmed&) const = default;
};
struct cancel_requested {
  std::string reason;
  bool operator==(const cancel_requested&) const = default;
};
struct payment_voided {
  bool operator==(const payment_voided&) const = default;
};
/// The provider pays the money back, or has taken over to do so, with `pending`: then it may still fail there, which
/// only the provider tells.
struct payment_refunded {
  std::string refund_id;
  money amount;
  bool pending = false;
  bool operator==(const payment_refunded&) const = default;
};
struct stock_released {
  bool operator==(const stock_released&) const = default;
};
struct attempt_failed {
  order::step step = order::step::reserve;
  std::uint32_t attempt = 1; // of this step, from 1
  ec code = ec::unavailable;
  time_point next_at;   // when the step is tried again
  std::string why = {}; // for people: the guard's policy, its line and figures; never personal data; mostly empty
  bool operator==(const attempt_failed&) const = default;
};
struct sent_to_review {
  order::step step = order::step::reserve;
  std::string why;
  bool operator==(const sent_to_review&) const = default;
};
/// One more attempt of a call, and why it was made.
struct retry {
  time_point at;         // when that was decided
  std::string operation; // of the provider: "authorize", "find"
  std::string what;      // "retried", "hedged"
  std::string why;       // for people: the guard's policy, its line and figures; never personal data
  bool operator==(const retry&) const = default;
};
/// The provider was asked more than once before the outcome that is stored next. Tells people, and changes nothing.
struct call_retried {
  order::step step = order::step::authorize;
  std::vector<retry> retries; // in order; at most retries_max
  bool operator==(const call_retried&) const = default;
};
inline constexpr std::size_t retries_max = 16;
/// The order stands still because operators want it so.
struct paused {
  std::string what;   // "provider/<name>", "saga/order", "order/<id>"
  std::string reason; // an operator's, for operators
  time_point since;
  bool untouched = false; // surely no attempt of the step in progress was sent yet
  bool operator==(const paused&) const = default;
};
/// The units of every line are held until then at least.
struct hold_extended {
  time_point expires_at;
  bool operator==(const hold_extended&) const = default;
};
/// It goes on.
struct resumed {
  time_point hold_expires_at; // from now on, as far as it matters still
  bool operator==(const resumed&) const = default;
};
/// An order in review goes on where it was.
struct reopened {
  std::string request;
  bool operator==(const reopened&) const = default;
};
enum class status : std::uint8_t {
  processing = 1,
  confirmed,
  rejected,
  declined,
  expired,
  cancelled,
  refunded,
  review
};
/// Everything is undone: the order ends as `as`, one of rejected, declined, expired, cancelled, refunded.
struct closed {
  order::status as = order::status::cancelled;
  bool operator==(const closed&) const = default;
};

using event = std::variant<placed, priced, stock_reserved, rejected, payment_authorized, payment_declined,
                           stock_allocated, hold_expired, capture_requested, payment_captured, confirmed,
                           cancel_requested, payment_voided, payment_refunded, stock_released, attempt_failed,
                           sent_to_review, closed, paused, hold_extended, resumed, call_retried, reopened>;

/// The stored type without "order.".
std::string_view name_of(const event& x);

/// Why orders come to review. Stored: they change only with the cause of the old one kept, see cause_of_review.
namespace review_reason {
inline constexpr const char* no_answer = "the provider has not answered for too long";
inline constexpr const char* another_amount = "the provider names another amount";
inline constexpr const char* unknown_outcome = "the outcome is unknown and its key is too old to ask again";
inline constexpr const char* old_refund = "its key is too old to ask again";
inline constexpr const char* capture_refused = "the provider refused to capture";
inline constexpr const char* void_refused = "the provider refused to void";
inline constexpr const char* refund_refused = "the provider refused to refund";
inline constexpr const char* refund_failed = "the provider could not refund";
inline constexpr const char* was_voided = "the provider has voided the payment";
inline constexpr const char* was_captured = "the provider had captured the payment";
} // namespace review_reason

/// The kind of a review's reason, in snake_case and stable: "no_answer", "unknown_outcome", "another_amount",
/// "refused", or "contradiction" for whatever else does not fit the order's own story.
std::string_view cause_of_review(std::string_view reason);

enum class rejection : std::uint8_t {
  unknown_order = 1,
  already_placed_otherwise, // the same id with other content
  no_items,
  too_many_items, // more than lines_max
  bad_units,      // 0 or more than units_max
  duplicate_sku,  // a SKU on two lines
  already_ended,  // cancel of an order that ended otherwise than confirmed; capture of one that ended
  not_authorized, // capture of an order whose payment is not authorized and allocated yet
  in_review,      // people decide now
  needs_people,   // reopen of an order in review for which nothing can be looked up
};
std::string_view name_of(rejection x);

using decision = std::variant<std::vector<event>, rejection>;

// ---- state -------------------------------------------------------------------------------------------------------

std::string_view name_of(status x);
inline bool is_terminal(status x) {
  return x != status::processing;
}

enum class phase : std::uint8_t { none, placed, reserved, authorized, allocated, captured };

/// Why people decide about an order.
struct reviewed {
  order::step step = order::step::reserve;
  bool can_look = false;     // the step can be asked about, or repeated, without doing it twice
  std::string reason_before; // of the way out that the order was on
};

/// A line of the timeline. `what` is a string literal of this context: the stored type without "order.".
struct moment {
  time_point at;
  std::string_view what;
  std::string detail; // never personal data; mostly empty
};

struct state {
  order::phase phase = order::phase::none;
  order::status status = order::status::processing;
  customer_id customer;
  std::string email;
  std::optional<address> shipping;
  troupe::currency currency;
  std::vector<item> items;
  std::vector<money> prices; // per line once priced
  money total;
  std::string provider;
  std::string method;
  bool capture_at_once = true;
  bool capture_requested = false;
  time_point hold_expires_at;
  std::optional<order::status> closing; // a way out was taken, this will be its end
  std::string reason;                   // of that way out, or of the review
  std::optional<std::uint32_t> refused_line;
  payment_id payment;
  bool payment_declined = false;
  bool payment_abandoned = false; // surely nothing was set aside, and it is not asked for any more
  bool payment_undone = false;    // voided or refunded
  money captured;
  money refunded;
  bool stock_returned = false;
  time_point authorized_at;                        // when the answer was recorded
  time_point authorize_since;                      // when the authorization's key was made: at stock_reserved
  time_point capture_since;                        // when the capture's key was made
  time_point undo_since;                           // when the void's or refund's key was made
  bool authorize_uncertain = false;                // an attempt to authorize may have acted
  order::step failing_step = order::step::reserve; // of the attempts below
  std::uint32_t attempts = 0;                      // failed ones of failing_step in a row
  ec last_failure = ec::unavailable;               // meaningful while attempts > 0
  time_point next_at;                              // of the next attempt while attempts > 0
  bool step_uncertain = false;                     // an attempt of the step in progress may have acted
  std::optional<order::paused> pause;              // while it stands still
  duration paused_for{0};                          // since the authorization; the capture window is as much longer
  time_point placed_at;
  time_point updated_at;
  std::vector<moment> timeline;
  std::optional<reviewed> review; // while it is in review
  std::uint32_t reviews = 0;      // how often it came there
  time_point reopened_at;         // the last time
  std::string reopen_request;     // likewise

  /// `at` is when the event was recorded.
  void apply(const event& e, time_point at); // the only writer; cannot fail
};

struct policy {
  duration retry_base{300};   // doubled per failed attempt, plus jitter of up to as much again
  duration retry_max{30'000}; // the longest wait of our own, jitter included, of which at least half is waited
  duration hold_time{std::chrono::minutes{15}};
  duration key_lifetime{std::chrono::hours{24}}; // of the order's provider
  duration capture_window{std::chrono::days{7}}; // of an authorization that nobody captures
  duration paused_hold{std::chrono::hours{24}};  // of units while the order is paused, renewed when half of it is over

  bool operator==(const policy&) const = default;
};

// ---- pauses --------------------------------------------------------------------------------------------------------

enum class extent : std::uint8_t {
  nothing,
  money, // steps that ask the provider
  all,
};

/// What operators have paused of what an order needs.
struct standstill {
  extent of = extent::nothing;
  std::string what;   // as in `paused`; empty while it is not known yet what is paused: then nothing is told
  std::string reason; // likewise
  time_point since;

  bool operator==(const standstill&) const = default;
};

/// Whether `s` can do nothing now because of `x`; attempts that are under way come to their end all the same.
bool stands_still(const state& s, const standstill& x, time_point now, const policy& p);

/// How often an order that stands still is looked at, lest it wait for ever when nobody tells it to go on.
inline constexpr duration paused_look = std::chrono::minutes{1};

/// Whether the units that a paused order holds, or may hold, are to be kept longer.
bool wants_longer_hold(const state& s, time_point now, const policy& p);

/// The end of the time in which the capture of an authorized order may be asked for; nothing when it does not wait for
/// that.
std::optional<time_point> capture_end(const state& s, const policy& p);

// ---- what is to be done ------------------------------------------------------------------------------------------

namespace effect {
struct price_and_reserve {
  std::size_t line = 0;
  bool operator==(const price_and_reserve&) const = default;
};
/// Look the payment up by reference first if `look_first`; create it only with `key`, and only before `key_dies_at`.
struct authorize {
  std::string key;
  bool look_first = false;
  time_point key_dies_at;
  bool operator==(const authorize&) const = default;
};
struct allocate {
  std::size_t line = 0;
  bool operator==(const allocate&) const = default;
};
struct capture {
  std::string key;
  bool look_first = false;
  time_point key_dies_at;
  bool operator==(const capture&) const = default;
};
struct void_payment {
  std::string key;
  bool operator==(const void_payment&) const = default;
};
struct refund {
  std::string key;
  money amount;
  time_point key_dies_at;
  bool operator==(const refund&) const = default;
};
struct release {
  std::size_t line = 0;
  bool operator==(const release&) const = default;
}; // compensates price_and_reserve
struct take_back {
  std::size_t line = 0;
  bool operator==(const take_back&) const = default;
}; // compensates allocate
} // namespace effect

using effect_t = std::variant<effect::price_and_reserve, effect::authorize, effect::allocate, effect::capture,
                              effect::void_payment, effect::refund, effect::release, effect::take_back>;

/// Which step an effect belongs to.
step step_of(const effect_t& x);

/// The step that is in progress, its next attempt due or not. Nothing while the order waits for its capture to be asked
/// for, and at the end.
std::optional<step> step_in_progress(const state& s);

/// What is left to do by `s`, a pure function of what is stored. Empty while the next attempt is not due (see
/// wake_up), while the order waits for capture to be asked for, and at the end. Effects of one answer may run at the
/// same time; compensations come in reverse order: money first, then stock.
/// Empty as well while what is next to do stands still.
std::vector<effect_t> outstanding(const order_id& id, const state& s, time_point now, const policy& p,
                                  const standstill& stops = {});

/// When to look at `s` again: the next attempt, the end of the capture window, or, for work that is in progress, an
/// instant that has passed: whoever recovers the order goes on at once. Nothing for an order that has ended.
std::optional<time_point> wake_up(const state& s, const policy& p);

decision decide(const state& s, const place& cmd);
decision decide(const state& s, const cancel& cmd);
decision decide(const state& s, const capture& cmd);
decision decide(const state& s, const reopen& cmd);
decision decide(const state& s, const stock_ready& x);
decision decide(const state& s, const line_refused& x);
decision decide(const state& s, const payment_answered& x);
decision decide(const state& s, const stock_taken& x);
decision decide(const state& s, const hold_lost& x);
decision decide(const state& s, const money_taken& x);
decision decide(const state& s, const money_released& x);
decision decide(const state& s, const money_returned& x);
decision decide(const state& s, const stock_returned& x);
decision decide(const state& s, const step_failed& x, time_point now, const policy& p);
decision decide(const state& s, const step_impossible& x);
decision decide(const state& s, const time_passed& x, time_point now, const policy& p);
/// Decide upon it only while nothing is in flight, and then upon time_passed only if the order does not stand still.
/// `seen_all` as in time_passed.
decision decide(const state& s, const standstill& x, bool seen_all, time_point now, const policy& p);
decision decide(const state& s, const hold_extended& x);

/// `outcome`, and before its events the retries that led to it; they are not told of what changes nothing.
decision after_retries(decision outcome, call_retried x);

/// Adds to `x`; beyond retries_max the latest takes the place of the one before it.
void add_retry(call_retried& x, retry more);

/// What a customer reads while the order is processing: "Processing payment...",
/// "High volume, please wait", "Verifying payment...", "Technical issue"; a sentence of its own for every end.
std::string message_of(const state& s);

/// The idempotency keys are made of the order, the step and nothing that changes between two tries of it.
std::string key_of(const order_id& id, step x);

/// A line's reservation: "<order>/<line>".
reservation_id reservation_of(const order_id& id, std::size_t line);

} // namespace troupe::order
