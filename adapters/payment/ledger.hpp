// adapters/payment/ledger.hpp: what a sandbox provider has done with money. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/money.hpp"
#include "actors/kernel/time.hpp"
#include "adapters/payment/text_store.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::payment {

/// Whose books an entry is in. Frozen: logs have it.
enum class twin_kind : char { rest = 'r', stripe = 's' };

/// Frozen: logs have it.
enum class charge_status : char {
  unconfirmed = 'u',     // created, nothing was asked of the card
  action_required = 'x', // the customer has to act
  pending = 'p',         // decided later, by time
  authorized = 'a',
  captured = 'c',
  declined = 'd',
  voided = 'v',
};

/// Frozen: logs have it.
enum class entry_kind : char {
  charge = 'C',  // a new charge, with the status that it had at once
  confirm = 'F', // an unconfirmed or declined charge was tried (again)
  settle = 'S',  // time decided a pending charge
  capture = 'T',
  void_charge = 'V',
  refund = 'R',
  refuse = 'X', // nothing changed; remembered so that the same key gets the same refusal
};

std::string_view name_of(twin_kind x);
std::string_view name_of(charge_status x);
std::string_view name_of(entry_kind x);

/// One charge: what a payment of the REST provider and a PaymentIntent of Stripe have in common.
struct charge {
  std::int64_t created_at = 0; // milliseconds since 1970, as all times here
  std::int64_t changed_at = 0; // when it got its status
  std::int64_t amount = 0;     // minor units, as all amounts here
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  text_store::place text = 0;               // what the twin keeps with it; the reference is a part of it
  text_store::place method = 0;             // interned
  std::uint32_t salt = 0;                   // makes its id hard to guess
  std::uint32_t earlier = text_index::none; // the charge before it with the same reference
  std::uint32_t entry = text_index::none;   // its latest
  std::uint16_t reference_at = 0;           // within text
  std::uint16_t reference_size = 0;
  std::uint16_t reason = 0; // of a decline or a void
  troupe::currency currency;
  twin_kind twin = twin_kind::rest;
  charge_status status = charge_status::unconfirmed;
  bool capture_at_once = false;
  bool was_authorized = false; // at some time
};

/// One thing done to a charge. Its number in the ledger never changes.
struct entry {
  std::int64_t at = 0;
  std::int64_t amount = 0; // of the charge, the capture or the refund; the rest has 0
  text_store::place key = 0;
  std::uint32_t fingerprint = 0; // of the request that had the key
  std::uint32_t charge = 0;
  std::uint32_t earlier = text_index::none; // the entry before it of the same charge
  std::uint16_t reason = 0;                 // of a decline, a void or a refusal
  entry_kind kind = entry_kind::refuse;
  charge_status status = charge_status::unconfirmed; // of the charge, after it
};

/// What is to be done to a charge: an entry before it has a place in the ledger.
struct posting {
  twin_kind twin = twin_kind::rest;
  entry_kind kind = entry_kind::refuse;
  charge_status status = charge_status::unconfirmed; // of the charge, after it
  std::uint32_t charge = 0;                          // not for a new charge
  std::int64_t at = 0;
  std::int64_t amount = 0;
  std::int64_t due = 0; // when a pending charge is decided
  std::uint32_t fingerprint = 0;
  std::string_view reason;
  std::string_view key;
  std::string_view method; // of a new charge or a confirmation
  // Only of a new charge:
  std::string_view text;
  std::uint16_t reference_at = 0;
  std::uint16_t reference_size = 0;
  std::uint32_t salt = 0;
  troupe::currency currency;
  bool capture_at_once = false;
};

/// Sums in minor units; the rest are numbers of charges. What was authorized is captured, voided or still held; what a
/// capture leaves counts as voided.
struct totals {
  std::int64_t authorized = 0;
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  std::int64_t voided = 0;
  std::uint64_t charges = 0;
  std::uint64_t charges_captured = 0;
  std::uint64_t charges_declined = 0;
};

/// A request that a twin was sent, as people read it back.
struct call {
  std::int64_t at = 0;
  twin_kind twin = twin_kind::rest;
  int status = 0; // of the answer; 0 when the twin was never reached
  std::string method;
  std::string target;
  std::string key;
  std::string fault; // what the sandbox did to it, or empty
};

/// Which part of the ledger is read.
struct ledger_query {
  std::string_view reference; // only this one, when not empty
  std::uint32_t after = 0;    // charges to pass over: the `next` of the page before
  std::uint32_t charges_max = 1000;
};

/// The books of every twin of one sandbox. A million orders take about 400 MB; calls are kept for the last
/// `calls_max` only. An idempotency key counts for its lifetime; the ledger shows it for ever.
class ledger {
public:
  static constexpr std::size_t calls_max = 1000;

  /// Is given each line before the posting behind it counts; false refuses the posting.
  using sink_fn = std::function<bool(std::string_view line)>;

  /// Keeps what is posted from now on. Without a sink the ledger lives in memory alone.
  void keep_in(sink_fn sink) { sink_ = std::move(sink); }

  /// Posts, and gives the entry's number; nothing when the sink could not keep it: then nothing happened.
  std::optional<std::uint32_t> post(const posting& x);

  /// Applies a line that a sink was given, without its line break. False when it is no such line; then nothing changed.
  bool replay(std::string_view line);

  void clear();

  std::uint32_t charge_count() const { return static_cast<std::uint32_t>(charges_.size()); }
  const charge& charge_at(std::uint32_t number) const { return charges_[number]; }
  std::uint32_t entry_count() const { return static_cast<std::uint32_t>(entries_.size()); }
  const entry& entry_at(std::uint32_t number) const { return entries_[number]; }

  std::string_view reference_of(const charge& x) const;
  std::string_view text_of(const charge& x) const { return texts_.at(x.text); }
  std::string_view method_of(const charge& x) const { return texts_.at(x.method); }
  std::string_view key_of(const entry& x) const { return texts_.at(x.key); }
  std::string_view reason_of(const charge& x) const { return reasons_[x.reason]; }
  std::string_view reason_of(const entry& x) const { return reasons_[x.reason]; }

  /// `pi_` or `pay_`, and digits.
  std::string id_of(std::uint32_t charge_number) const;

  /// The charge with this id.
  std::optional<std::uint32_t> find_id(twin_kind twin, std::string_view id) const;

  /// The id of the refund that this entry is: `re_` or `ref_`, and digits.
  std::string refund_id_of(std::uint32_t entry_number) const;

  std::optional<std::uint32_t> find_refund_id(twin_kind twin, std::string_view id) const;

  /// Charges with this reference, newest first.
  std::vector<std::uint32_t> find_reference(twin_kind twin, std::string_view reference) const;

  /// The number of the latest entry with this key, if it is younger than `lifetime`.
  std::optional<std::uint32_t> find_key(twin_kind twin, std::string_view key, std::int64_t now,
                                        duration lifetime) const;

  /// The first pending charge of this twin that is due by `now`.
  std::optional<std::uint32_t> due(twin_kind twin, std::int64_t now);

  /// When the next pending charge of this twin is due.
  std::optional<std::int64_t> next_due(twin_kind twin);

  /// References that have more than one captured charge in one twin: none, if whoever uses the sandbox is correct.
  const std::map<std::pair<twin_kind, std::string>, std::uint32_t>& captured_twice() const { return captured_twice_; }

  const std::map<std::string, totals, std::less<>>& totals_by_currency() const { return totals_; }

  void note(call x);

  /// Says of the call noted last what the sandbox did to it.
  void note_fault(std::string_view fault);

  std::uint64_t calls_noted() const { return calls_noted_; }

  /// Totals, and a page of charges grouped by reference, oldest first, as JSON; the first page has the latest calls as
  /// well, and says how many were noted and how many are kept.
  std::string to_json(const ledger_query& query) const;

private:
  using due_time = std::pair<std::int64_t, std::uint32_t>;
  using due_queue = std::priority_queue<due_time, std::vector<due_time>, std::greater<>>;

  std::uint32_t apply(const posting& x);
  void move_to(charge& x, charge_status status, std::int64_t at);
  void count_captured_twice(const charge& x);
  std::uint16_t reason_number(std::string_view reason);
  text_store::place intern(std::string_view text);
  due_queue& queue_of(twin_kind twin) { return due_[twin == twin_kind::stripe]; }
  void skip_decided(due_queue& queue) const;
  void append_digits(std::string& out, std::uint32_t number, const charge& x) const;
  void append_reference(std::string& out, const std::vector<std::uint32_t>& numbers) const;
  void append_charge(std::string& out, std::uint32_t number) const;

  sink_fn sink_;
  std::string line_; // kept for its memory
  text_store texts_;
  std::deque<charge> charges_;
  std::deque<entry> entries_;
  text_index by_reference_;
  text_index by_key_;
  std::map<std::string, text_store::place, std::less<>> interned_;
  std::vector<std::string> reasons_{""};
  due_queue due_[2];
  std::map<std::string, totals, std::less<>> totals_;
  std::map<std::pair<twin_kind, std::string>, std::uint32_t> captured_twice_;
  std::vector<call> calls_; // a ring once it is full
  std::uint64_t calls_noted_ = 0;
};

} // namespace troupe::payment
