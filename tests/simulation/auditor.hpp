// tests/simulation/auditor.hpp: what must hold, whatever happens. Keeps books of its own and believes nobody.
#pragma once

#include "actors/inventory/inventory_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/pause/pause.hpp"
#include "actors/payment/provider.hpp"
#include "adapters/payment/ledger.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "tests/simulation/letter_auditor.hpp"
#include "tests/simulation/mail_auditor.hpp"

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::simulation {

/// How the orders of a run ended, and what happened to them on the way.
struct tally {
  std::map<std::string, std::uint64_t> ends;    // orders by final status
  std::map<std::string, std::uint64_t> mails;   // by their end
  std::map<std::string, std::uint64_t> letters; // by what became of them
  std::uint64_t orders = 0;
  std::uint64_t commits = 0;
  std::uint64_t provider_calls = 0;
  std::uint64_t requests = 0;                                // of clients to a cluster
  std::uint64_t failed_requests = 0;                         // of these
  duration longest_without_owner{0};                         // of a shard, after the end of all trouble
  std::map<std::string, std::uint64_t, std::less<>> mishaps; // what went wrong on purpose, by name

  tally& operator+=(const tally& x);
};

/// What a client has seen of an order last.
struct sighting {
  std::uint64_t version = 0;
  order::status status = order::status::processing;
};

/// Follows the disk, what leaves the node and what clients are told, and remembers the first thing that is wrong.
class auditor {
public:
  auditor(simulated::disk& disk, const payment::ledger& books);
  auditor(const auditor&) = delete;
  auditor& operator=(const auditor&) = delete;

  /// Empty while everything holds.
  const std::string& violation() const { return violation_; }
  void fail(std::string what);

  // ---- the disk ----------------------------------------------------------------------------------------------------

  /// A commit of `batch` was tried; `synced` when everything written so far survives a crash.
  void tried_to_commit(std::span<const journal::write> batch, bool synced);

  /// Told of each event when it has become durable, in that order.
  void set_watch(std::function<void(const journal::stored_event&)> x) { watch_ = std::move(x); }

  /// What was not synced is gone.
  void crashed() { unsynced_.clear(); }

  // ---- what leaves the node ----------------------------------------------------------------------------------------

  /// An order's message to stock, prices or the provider.
  void left(const caf::message& x);

  /// After each call that the provider got.
  void after_provider_call();

  mail_auditor& mails() { return mails_; }
  letter_auditor& letters() { return letters_; }

  // ---- what clients are told ---------------------------------------------------------------------------------------

  /// A client that had seen `before` of this order was answered with it; updates `before`.
  void answered(const order::view& x, sighting& before);

  /// How far an order is durable: nobody who asks from now on may be told less.
  std::uint64_t durable(const order_id& id) const { return record_of(id.value).version; }

  /// A client was answered that had asked when so much was durable.
  void read(const order::view& x, std::uint64_t durable_before);

  /// A client that knows of this order was told that there is none.
  void denied(const order_id& id);

  /// A request with this key was answered with an order's id.
  void key_answered(const std::string& key, const std::string& subject);

  void stock_answered(const inventory::stock& x);

  /// An operator was told that `what` stands still, and is about to let it go on.
  void paused(const pause::target& what) { paused_.insert(what); }
  void resuming(const pause::target& what) { paused_.erase(what); }

  /// A client was told that its reservation is granted.
  void granted(const sku_id& sku, const reservation_id& id);

  /// A client was told that its reservation is released.
  void let_go(const sku_id& sku, const reservation_id& id);

  // ---- the end -----------------------------------------------------------------------------------------------------

  /// This order may end in review, for exactly this reason: what befalls it leaves people no other way out.
  void allow_review(const order_id& id, std::string why);

  /// Answers to one client may overtake one another, because they come from different nodes.
  void allow_overtaking() { overtakes_ = true; }

  /// So may every order whose provider does not remember its keys any more.
  void allow_old_keys() { keys_die_ = true; }

  /// Everything has ended and every hold's time is over: `orders` and `stocks` are what a client reads now.
  void close(const std::vector<order::view>& orders, const std::vector<inventory::stock>& stocks);

  /// The same of what orders left behind: every event of theirs was passed on, every confirmed one has its mail, and
  /// whatever was given up is among the `open` letters that an operator reads now, or was dealt with.
  void close_outlets(const std::vector<order::view>& orders, const std::vector<dead_letter::entry>& open);

  /// Orders that a client was ever told of.
  std::vector<order_id> acknowledged() const;

private:
  /// What is durable of an order.
  struct order_record {
    std::uint64_t version = 0;
    time_point recorded_at;
    std::vector<order::item> items;
    bool placed = false;
    bool reserved = false;
    bool authorized = false;
    bool allocated = false;
    bool captured = false;
    bool closed = false;
    std::uint32_t authorizations = 0;
    std::uint32_t confirmations = 0;
  };

  /// What is durable of a SKU.
  struct stock_record {
    std::uint64_t version = 0;
    time_point recorded_at;
    std::int64_t received = 0; // by whoever stocks
    std::int64_t available = 0;
    std::int64_t held = 0;
    std::int64_t sold = 0;
    std::map<std::string, std::int64_t> holds;
    std::map<std::string, std::int64_t> sales;
    std::set<std::string> reserved; // ever
  };

  /// What is durable of a stream that somebody else looks after.
  struct other_record {
    std::uint64_t version = 0;
    time_point recorded_at;
  };

  /// What nobody looks at but for who owns it.
  struct unread_record : other_record {};

  /// Who has written to a shard last.
  struct owner_record {
    std::uint64_t epoch = 0;
    std::string node;
  };

  void follow(const journal::stream_name& stream);
  void follow(unread_record&, const journal::stored_event&) {}
  void owned(const journal::stored_event& e);
  template <class Record> void follow(Record& x, const journal::stream_name& stream);
  void follow(order_record& x, const journal::stored_event& e);
  void follow(stock_record& x, const journal::stored_event& e);
  void follow(other_record& x, const journal::stored_event& e);
  template <class Holds> void need_lines(const order_record& x, const journal::stored_event& e, Holds holds);
  void need_charge(const journal::stored_event& e, payment::charge_status at);
  bool may_be_reviewed(const order::view& x) const;
  void check(const stock_record& x, const std::string& sku);
  const order_record& record_of(std::string_view id) const;
  void need_going(std::string_view id, bool money, std::string_view what);
  void need(bool durable, std::string_view id, std::string_view what, std::string_view before);

  simulated::disk& disk_; // read only; it has no other way to look
  const payment::ledger& books_;
  std::string violation_;
  std::map<std::string, order_record, std::less<>> orders_;
  std::map<std::string, stock_record, std::less<>> stocks_;
  std::map<journal::stream_name, other_record> others_;
  std::map<journal::stream_name, unread_record> unread_;
  std::map<std::uint16_t, owner_record> owners_; // by shard
  std::function<void(const journal::stored_event&)> watch_;
  mail_auditor mails_;
  letter_auditor letters_;
  std::map<std::string, sighting, std::less<>> seen_; // the newest that any client has seen
  std::map<std::string, std::string> keys_;
  std::map<std::string, std::string> reviews_; // allowed ones, by order
  bool keys_die_ = false;
  bool overtakes_ = false;
  std::set<pause::target> paused_; // acknowledged
  std::set<journal::stream_name> unsynced_;
  std::uint32_t entries_ = 0; // of the books, looked at
};

} // namespace troupe::simulation
