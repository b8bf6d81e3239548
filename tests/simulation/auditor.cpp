#include "tests/simulation/auditor.hpp"

#include "actors/inventory/stored.hpp"
#include "actors/order/stored.hpp"

#include <caf/typed_message_view.hpp>

#include <algorithm>

namespace troupe::simulation {

namespace {

/// The order behind "<order>/<step>" or "<order>/<line>".
std::string_view order_in(std::string_view key) {
  return key.substr(0, key.find('/'));
}

/// What a client may be told after it was told `before`: an end is final, but a confirmed order can be cancelled, and
/// one in review looked at again.
bool may_follow(order::status before, order::status after) {
  if (before == after || before == order::status::processing || before == order::status::review)
    return true;
  return before == order::status::confirmed
         && (after == order::status::processing || after == order::status::cancelled || after == order::status::refunded
             || after == order::status::review);
}

template <class Command> const Command* command_in(const caf::message& x) {
  return x.match_elements<request_context, Command>() ? &x.get_as<Command>(1) : nullptr;
}

} // namespace

tally& tally::operator+=(const tally& x) {
  for (const auto& [status, count] : x.ends)
    ends[status] += count;
  for (const auto& [end, count] : x.mails)
    mails[end] += count;
  for (const auto& [end, count] : x.letters)
    letters[end] += count;
  orders += x.orders;
  commits += x.commits;
  provider_calls += x.provider_calls;
  requests += x.requests;
  failed_requests += x.failed_requests;
  longest_without_owner = std::max(longest_without_owner, x.longest_without_owner);
  for (const auto& [name, count] : x.mishaps)
    mishaps[name] += count;
  return *this;
}

auditor::auditor(simulated::disk& disk, const payment::ledger& books)
  : disk_(disk), books_(books), mails_([this](std::string what) { fail(std::move(what)); },
                                       [this](std::string_view order) { return record_of(order).confirmations > 0; }),
    letters_([this](std::string what) { fail(std::move(what)); }) {}

void auditor::fail(std::string what) {
  if (violation_.empty())
    violation_ = std::move(what);
}

// ---- the disk ------------------------------------------------------------------------------------------------------

void auditor::tried_to_commit(std::span<const journal::write> batch, bool synced) {
  for (const auto& x : batch)
    if (synced)
      follow(x.stream);
    else
      unsynced_.insert(x.stream);
  if (!synced)
    return;
  for (const auto& stream : unsynced_)
    follow(stream);
  unsynced_.clear();
}

void auditor::follow(const journal::stream_name& stream) {
  if (stream.context == "order")
    follow(orders_[stream.key], stream);
  else if (stream.context == "inventory")
    follow(stocks_[stream.key], stream);
  else if (stream.context == "notification" || stream.context == "outlet" || stream.context == "dead_letter")
    follow(others_[stream], stream);
  else
    follow(unread_[stream], stream);
}

/// Of a shard, no two owners ever both commit: whoever has taken it is not overwritten by one who had it before.
void auditor::owned(const journal::stored_event& e) {
  auto& x = owners_[e.shard];
  const auto says = [&](const std::string& node, std::uint64_t epoch) {
    return node + " at epoch " + std::to_string(epoch);
  };
  if (e.epoch < x.epoch)
    fail(says(e.node, e.epoch) + " has written to shard " + std::to_string(e.shard) + " after "
         + says(x.node, x.epoch));
  else if (e.epoch == x.epoch && e.node != x.node)
    fail("shard " + std::to_string(e.shard) + " has two owners: " + says(e.node, e.epoch) + " and " + x.node);
  else if (const auto granted = disk_.epoch(e.stream.context, e.shard); e.epoch != granted)
    fail(says(e.node, e.epoch) + " has written to shard " + std::to_string(e.shard) + ", which was taken at epoch "
         + std::to_string(granted) + " by then");
  x = {e.epoch, e.node};
  if (watch_)
    watch_(e);
}

template <class Record> void auditor::follow(Record& x, const journal::stream_name& stream) {
  while (const auto* e = disk_.find(stream, x.version + 1)) {
    if (e->recorded_at < x.recorded_at)
      fail(e->type + " of " + stream.key + " was recorded before the event before it");
    x.recorded_at = e->recorded_at;
    x.version = e->version;
    owned(*e);
    follow(x, *e);
  }
}

/// What an order says of its lines, the durable stock says, too.
template <class Holds> void auditor::need_lines(const order_record& x, const journal::stored_event& e, Holds holds) {
  static const stock_record never_stocked; // Nothing is stored of such a SKU, whatever was asked of it.
  for (std::size_t line = 0; line < x.items.size(); ++line) {
    const auto found = stocks_.find(x.items[line].sku.value);
    const auto& stock = found == stocks_.end() ? never_stocked : found->second;
    if (!holds(stock, order::reservation_of({e.stream.key}, line).value))
      fail("order " + e.stream.key + " stored " + e.type + ", and the stock does not agree about line "
           + std::to_string(line));
  }
}

/// What an order says of its money, the provider's books say, too.
void auditor::need_charge(const journal::stored_event& e, payment::charge_status at) {
  for (const auto number : books_.find_reference(payment::twin_kind::rest, e.stream.key)) {
    const auto& charge = books_.charge_at(number);
    if (charge.status == at || (at == payment::charge_status::authorized && charge.was_authorized))
      return;
  }
  fail("order " + e.stream.key + " stored " + e.type + ", and the provider has no such payment");
}

void auditor::follow(order_record& x, const journal::stored_event& e) {
  const auto type = std::string_view{e.type}.substr(std::string_view{"order."}.size());
  if (x.closed && type != "sent_to_review")
    fail("order " + e.stream.key + " has ended, and then " + e.type + " was stored");
  if (type == "placed") {
    if (x.placed)
      fail("order " + e.stream.key + " was placed twice");
    x.placed = true;
    const auto event = order::decode(e);
    const auto* placed = event ? std::get_if<order::placed>(&*event) : nullptr;
    if (!placed)
      return fail("order " + e.stream.key + " cannot be read");
    x.items = placed->items;
  } else if (type == "stock_reserved") {
    x.reserved = true;
    need_lines(x, e, [](const stock_record& of, const std::string& line) { return of.reserved.contains(line); });
  } else if (type == "payment_authorized") {
    x.authorized = true;
    need_charge(e, payment::charge_status::authorized);
    if (++x.authorizations > 1)
      fail("order " + e.stream.key + " was authorized twice");
  } else if (type == "stock_allocated") {
    x.allocated = true;
    need_lines(x, e, [](const stock_record& of, const std::string& line) { return of.sales.contains(line); });
  } else if (type == "payment_captured") {
    if (x.captured)
      fail("order " + e.stream.key + " was captured twice");
    x.captured = true;
    need_charge(e, payment::charge_status::captured);
  } else if (type == "payment_voided") {
    need_charge(e, payment::charge_status::voided);
  } else if (type == "stock_released") {
    need_lines(x, e, [](const stock_record& of, const std::string& line) {
      return !of.holds.contains(line) && !of.sales.contains(line);
    });
  } else if (type == "confirmed") {
    if (!x.captured || !x.allocated)
      fail("order " + e.stream.key + " was confirmed without money or stock");
    if (++x.confirmations > 1)
      fail("order " + e.stream.key + " was confirmed twice");
  } else if (type == "closed") {
    x.closed = true;
  } else if (type == "sent_to_review") {
    letters_.gave_up("order/" + e.stream.key);
  } else if (type == "reopened") {
    letters_.took_up("order/" + e.stream.key);
  }
}

void auditor::follow(stock_record& x, const journal::stored_event& e) {
  const auto event = inventory::decode(e);
  if (!event)
    return fail("event " + std::to_string(e.version) + " of SKU " + e.stream.key + " cannot be read");
  const auto& sku = e.stream.key;
  const auto end_hold = [&](const reservation_id& id, std::int64_t units) {
    const auto found = x.holds.find(id.value);
    const auto held = found == x.holds.end() ? 0 : found->second;
    if (held != units)
      fail("SKU " + sku + ": " + std::to_string(units) + " units of " + id.value + " came from a hold of "
           + std::to_string(held));
    x.held -= units;
    if (found != x.holds.end())
      x.holds.erase(found);
  };
  if (const auto* adjusted = std::get_if<inventory::adjusted>(&*event)) {
    if (x.available + adjusted->change != adjusted->available)
      fail("SKU " + sku + " was adjusted by what does not add up");
    x.received += adjusted->change;
    x.available = adjusted->available;
  } else if (const auto* reserved = std::get_if<inventory::reserved>(&*event)) {
    if (!x.reserved.insert(reserved->id.value).second)
      fail("SKU " + sku + ": " + reserved->id.value + " was reserved twice");
    // However a reservation is called, its line has one.
    const auto line = reserved->id.value.substr(0, reserved->id.value.find('#'));
    if (line != reserved->id.value && !x.reserved.insert(line).second)
      fail("SKU " + sku + ": line " + line + " has two reservations");
    x.holds[reserved->id.value] = reserved->units;
    x.available -= reserved->units;
    x.held += reserved->units;
  } else if (const auto* released = std::get_if<inventory::released>(&*event)) {
    end_hold(released->id, released->units);
    x.available += released->units;
  } else if (const auto* expired = std::get_if<inventory::hold_expired_event>(&*event)) {
    end_hold(expired->id, expired->units);
    x.available += expired->units;
  } else if (const auto* allocated = std::get_if<inventory::allocated>(&*event)) {
    end_hold(allocated->id, allocated->units);
    x.sold += allocated->units;
    x.sales[allocated->id.value] = allocated->units;
  } else if (const auto* extended = std::get_if<inventory::hold_extended>(&*event)) {
    auto& held = x.holds[extended->id.value];
    const auto more = extended->units - held;
    if (more != (extended->again ? extended->units : 0))
      fail("SKU " + sku + ": the hold of " + extended->id.value + " was extended to other units");
    held = extended->units;
    x.available -= more;
    x.held += more;
  } else if (const auto* taken_back = std::get_if<inventory::taken_back>(&*event)) {
    const auto found = x.sales.find(taken_back->id.value);
    if (found == x.sales.end() || found->second != taken_back->units)
      fail("SKU " + sku + ": " + taken_back->id.value + " was taken back without having been sold");
    else
      x.sales.erase(found);
    x.sold -= taken_back->units;
    x.available += taken_back->units;
  }
  check(x, sku);
}

void auditor::follow(other_record&, const journal::stored_event& e) {
  if (e.stream.context == "outlet")
    return letters_.follow_parking(e);
  if (e.stream.context == "dead_letter")
    return letters_.follow_letter(e);
  mails_.follow(e);
  if (e.type == "notification.given_up")
    letters_.gave_up("notification/" + e.stream.key);
  else if (e.type == "notification.put_back")
    letters_.took_up("notification/" + e.stream.key);
}

void auditor::check(const stock_record& x, const std::string& sku) {
  if (x.available < 0)
    fail("SKU " + sku + " is oversold by " + std::to_string(-x.available));
  if (x.held < 0 || x.sold < 0 || x.received != x.available + x.held + x.sold)
    fail("SKU " + sku + ": received " + std::to_string(x.received) + " is not available " + std::to_string(x.available)
         + " + held " + std::to_string(x.held) + " + sold " + std::to_string(x.sold));
}

// ---- what leaves the node ------------------------------------------------------------------------------------------

const auditor::order_record& auditor::record_of(std::string_view id) const {
  static const order_record nothing;
  const auto found = orders_.find(id);
  return found == orders_.end() ? nothing : found->second;
}

void auditor::need(bool durable, std::string_view id, std::string_view what, std::string_view before) {
  if (!durable)
    fail(std::string{what} + " of order " + std::string{id} + " left the node before " + std::string{before}
         + " was durable");
}

/// Nothing new is begun of what stands still.
void auditor::need_going(std::string_view id, bool money, std::string_view what) {
  const auto stops = [&](pause::kind of, std::string_view name) {
    if (paused_.contains({of, std::string{name}}))
      fail(std::string{what} + " of order " + std::string{id} + " left the node while " + std::string{name_of(of)} + '/'
           + std::string{name} + " was paused");
  };
  stops(pause::kind::order, id);
  stops(pause::kind::saga, pause::order_saga);
  if (money)
    stops(pause::kind::provider, "default");
}

void auditor::left(const caf::message& x) {
  if (const auto* reserve = command_in<inventory::reserve>(x)) {
    const auto id = order_in(reserve->id.value);
    need(record_of(id).placed, id, "a reservation", "its placing");
    need_going(id, false, "a reservation");
  } else if (const auto* authorize = command_in<payment::authorize>(x)) {
    need(record_of(authorize->reference).reserved, authorize->reference, "an authorization", "its reservation");
    need_going(authorize->reference, true, "an authorization");
  } else if (const auto* allocate = command_in<inventory::allocate>(x)) {
    const auto id = order_in(allocate->id.value);
    need(record_of(id).authorized, id, "an allocation", "its authorization");
    need_going(id, false, "an allocation");
  } else if (const auto* capture = command_in<payment::capture>(x)) {
    const auto id = order_in(capture->key);
    need(record_of(id).allocated, id, "a capture", "its allocation");
    need_going(id, true, "a capture");
  } else if (const auto* undo = command_in<payment::void_payment>(x)) {
    const auto id = order_in(undo->key);
    need(record_of(id).authorized, id, "a void", "its authorization");
    need_going(id, true, "a void");
  } else if (const auto* refund = command_in<payment::refund>(x)) {
    const auto id = order_in(refund->key);
    need(record_of(id).captured, id, "a refund", "its capture");
    need_going(id, true, "a refund");
  }
}

void auditor::after_provider_call() {
  for (; entries_ < books_.entry_count(); ++entries_) {
    const auto& entry = books_.entry_at(entries_);
    if (entry.kind != payment::entry_kind::charge)
      continue;
    const auto reference = books_.reference_of(books_.charge_at(entry.charge));
    std::size_t charges = 0;
    for (const auto number : books_.find_reference(payment::twin_kind::rest, reference)) {
      const auto status = books_.charge_at(number).status;
      if (status != payment::charge_status::declined && status != payment::charge_status::voided)
        ++charges;
    }
    if (charges > 1)
      fail("order " + std::string{reference} + " has " + std::to_string(charges) + " charges");
  }
}

// ---- what clients are told -----------------------------------------------------------------------------------------

void auditor::answered(const order::view& x, sighting& before) {
  if (const auto durable = record_of(x.id.value).version; x.version > durable)
    fail("a client was told of version " + std::to_string(x.version) + " of order " + x.id.value + ", but only "
         + std::to_string(durable) + " is durable");
  if (x.version < before.version && overtakes_)
    return;
  if (x.version < before.version)
    fail("order " + x.id.value + " was told at version " + std::to_string(before.version) + " and then at "
         + std::to_string(x.version));
  if (!may_follow(before.status, x.status))
    fail("order " + x.id.value + " had ended as " + std::string{name_of(before.status)} + " and is "
         + std::string{name_of(x.status)} + " now");
  before = {x.version, x.status};
  // Answers to different clients may overtake one another.
  if (auto& newest = seen_[x.id.value]; newest.version <= x.version)
    newest = before;
}

void auditor::read(const order::view& x, std::uint64_t durable_before) {
  if (x.version < durable_before)
    fail("a client asked for order " + x.id.value + " when version " + std::to_string(durable_before)
         + " was durable, and was told of version " + std::to_string(x.version));
}

std::vector<order_id> auditor::acknowledged() const {
  std::vector<order_id> result;
  for (const auto& [id, newest] : seen_)
    result.emplace_back(id);
  return result;
}

void auditor::denied(const order_id& id) {
  if (seen_.contains(id.value))
    fail("order " + id.value + " was acknowledged and is gone");
}

void auditor::key_answered(const std::string& key, const std::string& subject) {
  const auto [known, first] = keys_.emplace(key, subject);
  if (!first && known->second != subject)
    fail("key " + key + " stands for order " + known->second + " and for order " + subject);
}

void auditor::stock_answered(const inventory::stock& x) {
  if (x.on_hand != x.available + x.held)
    fail("SKU " + x.sku.value + ": on hand is not available + held");
}

void auditor::granted(const sku_id& sku, const reservation_id& id) {
  const auto found = stocks_.find(sku.value);
  if (found == stocks_.end() || !found->second.reserved.contains(id.value))
    fail("SKU " + sku.value + ": reservation " + id.value + " was granted before it was durable");
}

void auditor::let_go(const sku_id& sku, const reservation_id& id) {
  const auto found = stocks_.find(sku.value);
  if (found != stocks_.end() && found->second.holds.contains(id.value))
    fail("SKU " + sku.value + ": reservation " + id.value + " was told to be released and is held");
}

// ---- the end -------------------------------------------------------------------------------------------------------

void auditor::allow_review(const order_id& id, std::string why) {
  reviews_.emplace(id.value, std::move(why));
}

bool auditor::may_be_reviewed(const order::view& x) const {
  if (keys_die_ && x.reason.ends_with("too old to ask again"))
    return true;
  const auto allowed = reviews_.find(x.id.value);
  return allowed != reviews_.end() && allowed->second == x.reason;
}

void auditor::close(const std::vector<order::view>& orders, const std::vector<inventory::stock>& stocks) {
  std::map<std::string, std::int64_t> sold;
  std::map<std::string, std::int64_t> owed;
  for (const auto& x : orders) {
    answered(x, seen_[x.id.value]);
    if (!order::is_terminal(x.status))
      return fail("order " + x.id.value + " has not ended");
    const bool reviewed = x.status == order::status::review;
    if (reviewed && !may_be_reviewed(x))
      return fail("order " + x.id.value + " went to manual review: " + x.reason);
    const bool confirmed = x.status == order::status::confirmed;
    std::int64_t taken = 0;
    for (const auto number : books_.find_reference(payment::twin_kind::rest, x.id.value)) {
      const auto& charge = books_.charge_at(number);
      taken += charge.captured - charge.refunded;
      const bool is_open =
        charge.status == payment::charge_status::authorized || charge.status == payment::charge_status::pending;
      if (is_open && !reviewed)
        fail("order " + x.id.value + " has ended and money is still set aside for it");
    }
    auto due = confirmed && x.total ? x.total->minor : 0;
    if (reviewed && x.total && taken == x.total->minor)
      due = taken; // People know of it, and it was taken once.
    owed[std::string{x.currency.code()}] += due;
    for (std::size_t line = 0; line < x.lines.size(); ++line) {
      const auto& sku = x.lines[line].sku.value;
      const auto found = stocks_.find(sku);
      const auto units = static_cast<std::int64_t>(x.lines[line].units);
      if (confirmed
          || (reviewed && found != stocks_.end()
              && found->second.sales.contains(order::reservation_of(x.id, line).value)))
        sold[sku] += units;
    }
    if (taken != due)
      fail("order " + x.id.value + " is " + std::string{name_of(x.status)} + " and owes " + std::to_string(due)
           + ", but the provider took " + std::to_string(taken));
  }
  for (const auto& [currency, sums] : books_.totals_by_currency())
    if (sums.captured - sums.refunded != owed[currency])
      fail("the provider took " + std::to_string(sums.captured - sums.refunded) + ' ' + currency
           + " and confirmed orders owe " + std::to_string(owed[currency]));
  if (!books_.captured_twice().empty())
    fail("order " + books_.captured_twice().begin()->first.second + " was charged twice");
  for (const auto& x : stocks) {
    stock_answered(x);
    const auto& durable = stocks_[x.sku.value];
    if (x.available != durable.available || static_cast<std::int64_t>(x.held) != durable.held
        || static_cast<std::int64_t>(x.sold) != durable.sold)
      fail("SKU " + x.sku.value + " is told otherwise than it is stored");
    if (x.held != 0)
      fail("SKU " + x.sku.value + " still holds " + std::to_string(x.held) + " units for nobody");
    if (static_cast<std::int64_t>(x.sold) != sold[x.sku.value])
      fail("SKU " + x.sku.value + " has sold " + std::to_string(x.sold) + " units, and confirmed orders have "
           + std::to_string(sold[x.sku.value]));
  }
}

void auditor::close_outlets(const std::vector<order::view>& orders, const std::vector<dead_letter::entry>& open) {
  mails_.close();
  letters_.close(open);
  for (const auto& x : orders)
    if (x.status == order::status::confirmed && !mails_.asked_for(x.id.value)
        && !letters_.given_up("email/order", x.id.value))
      fail("order " + x.id.value + " is confirmed, and nobody asked for its mail");
  for (const auto& [id, record] : orders_)
    letters_.check_taken(id, record.version);
}

} // namespace troupe::simulation
