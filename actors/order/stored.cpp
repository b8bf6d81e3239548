#include "actors/order/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

#include <span>
#include <stdexcept>

namespace troupe::order {

namespace {

using journal::form;
using journal::read_number;
using journal::read_time;
using nlohmann::json;

constexpr std::string_view type_prefix = "order.";

// ---- writing -------------------------------------------------------------------------------------------------------

std::int64_t stored(time_point x) {
  return x.time_since_epoch().count();
}

void write(json_writer& w, const money& x) {
  w.begin_object().member("minor", x.minor).member("currency", x.currency.code()).end_object();
}

void write(json_writer& w, const std::vector<money>& prices) {
  w.begin_array();
  for (const auto& x : prices)
    write(w, x);
  w.end_array();
}

void write(json_writer& w, const std::vector<item>& items) {
  w.begin_array();
  for (const auto& x : items)
    w.begin_object().member("sku", x.sku.value).member("units", x.units).end_object();
  w.end_array();
}

void write(json_writer& w, const address& x) {
  w.begin_object()
    .member("name", x.name)
    .member("line1", x.line1)
    .member("line2", x.line2)
    .member("city", x.city)
    .member("region", x.region)
    .member("postal_code", x.postal_code)
    .member("country", x.country)
    .end_object();
}

void write(json_writer& w, const std::vector<retry>& retries) {
  w.begin_array();
  for (const auto& x : retries)
    w.begin_object()
      .member("at", stored(x.at))
      .member("operation", x.operation)
      .member("what", x.what)
      .member("why", x.why)
      .end_object();
  w.end_array();
}

void write_contact(json_writer& w, const std::string& email, const std::optional<address>& shipping) {
  w.member("email", email);
  if (shipping)
    write(w.key("shipping"), *shipping);
}

void write_pause(json_writer& w, const paused& x) {
  w.member("what", x.what).member("reason", x.reason).member("since", stored(x.since)).member("untouched", x.untouched);
}

/// Writes the members of `data`, and those of `personal` where there are any.
struct writer_of {
  json_writer& data;
  std::string& personal;

  void operator()(const placed& e) {
    data.member("customer", e.customer.value).member("currency", e.currency.code());
    write(data.key("items"), e.items);
    data.member("provider", e.provider).member("method", e.method).member("capture_at_once", e.capture_at_once);
    json_writer w{personal};
    w.begin_object();
    write_contact(w, e.email, e.shipping);
    w.end_object();
  }
  void operator()(const priced& e) {
    write(data.key("prices"), e.prices);
    write(data.key("total"), e.total);
  }
  void operator()(const stock_reserved& e) { data.member("expires_at", stored(e.expires_at)); }
  void operator()(const rejected& e) { data.member("line", e.line).member("sku", e.sku.value).member("why", e.why); }
  void operator()(const payment_authorized& e) {
    data.member("id", e.id.value);
    write(data.key("amount"), e.amount);
  }
  void operator()(const payment_declined& e) { data.member("reason", e.reason); }
  void operator()(const stock_allocated&) {}
  void operator()(const hold_expired& e) { data.member("line", e.line).member("authorization", e.authorization); }
  void operator()(const capture_requested&) {}
  void operator()(const payment_captured& e) { write(data.key("amount"), e.amount); }
  void operator()(const confirmed&) {}
  void operator()(const cancel_requested& e) {
    // Free text of a customer: it may hold anything.
    json_writer{personal}.begin_object().member("reason", e.reason).end_object();
  }
  void operator()(const payment_voided&) {}
  void operator()(const payment_refunded& e) {
    data.member("refund_id", e.refund_id);
    write(data.key("amount"), e.amount);
    if (e.pending) // Came later: what is stored without it was not told apart.
      data.member("pending", true);
  }
  void operator()(const stock_released&) {}
  void operator()(const attempt_failed& e) {
    data.member("step", name_of(e.step))
      .member("attempt", e.attempt)
      .member("code", to_string(e.code))
      .member("next_at", stored(e.next_at));
    if (!e.why.empty()) // Came later, and says nothing for most.
      data.member("why", e.why);
  }
  void operator()(const sent_to_review& e) { data.member("step", name_of(e.step)).member("why", e.why); }
  void operator()(const closed& e) { data.member("as", name_of(e.as)); }
  void operator()(const paused& e) { write_pause(data, e); }
  void operator()(const hold_extended& e) { data.member("expires_at", stored(e.expires_at)); }
  void operator()(const resumed& e) { data.member("hold_expires_at", stored(e.hold_expires_at)); }
  void operator()(const reopened& e) { data.member("request", e.request); }
  void operator()(const call_retried& e) {
    data.member("step", name_of(e.step));
    write(data.key("retries"), e.retries);
  }
};

// ---- reading -------------------------------------------------------------------------------------------------------

[[noreturn]] void damaged(const char* what) {
  throw std::out_of_range{what};
}

const std::string& text(const json& x) {
  return x.get_ref<const std::string&>();
}

/// An enumerator by its stored name; they are numbered from 1 without gaps.
template <class Enum> Enum named(const json& x) {
  for (std::uint8_t value = 1; name_of(static_cast<Enum>(value)) != "invalid"; ++value)
    if (name_of(static_cast<Enum>(value)) == text(x))
      return static_cast<Enum>(value);
  damaged("name");
}

ec code(const json& x) {
  ec result;
  if (!from_string(caf::string_view{text(x).data(), text(x).size()}, result))
    damaged("code");
  return result;
}

troupe::currency read_currency(const json& x) {
  if (text(x).empty())
    return {};
  const auto parsed = troupe::currency::parse(text(x));
  return parsed ? *parsed : (damaged("currency"), troupe::currency{});
}

money read_money(const json& x) {
  return {read_number<std::int64_t>(x.at("minor")), read_currency(x.at("currency"))};
}

template <class Value, class Read> std::vector<Value> read_all(const json& x, Read read) {
  std::vector<Value> values;
  for (const auto& element : x.get_ref<const json::array_t&>())
    values.push_back(read(element));
  return values;
}

std::vector<money> read_prices(const json& x) {
  return read_all<money>(x, read_money);
}

item read_item(const json& x) {
  return {text(x.at("sku")), read_number<std::uint32_t>(x.at("units"))};
}

std::vector<item> read_items(const json& x) {
  return read_all<item>(x, read_item);
}

address read_address(const json& x) {
  return {text(x.at("name")),   text(x.at("line1")),       text(x.at("line2")),  text(x.at("city")),
          text(x.at("region")), text(x.at("postal_code")), text(x.at("country"))};
}

std::string read_email(const json& personal) {
  return personal.is_null() ? std::string{} : text(personal.at("email"));
}

std::optional<address> read_shipping(const json& personal) {
  return personal.is_null() || !personal.contains("shipping") ? std::nullopt
                                                              : std::optional{read_address(personal.at("shipping"))};
}

using read_fn = event (*)(const form&);

event read_placed(const form& x) {
  const auto& data = x.data;
  return placed{text(data.at("customer")),          read_email(x.personal),
                read_currency(data.at("currency")), read_items(data.at("items")),
                text(data.at("provider")),          text(data.at("method")),
                read_shipping(x.personal),          data.at("capture_at_once").get<bool>()};
}
event read_priced(const form& x) {
  return priced{read_prices(x.data.at("prices")), read_money(x.data.at("total"))};
}
event read_stock_reserved(const form& x) {
  return stock_reserved{read_time(x.data.at("expires_at"))};
}
event read_rejected(const form& x) {
  return rejected{read_number<std::uint32_t>(x.data.at("line")), text(x.data.at("sku")), text(x.data.at("why"))};
}
event read_payment_authorized(const form& x) {
  return payment_authorized{text(x.data.at("id")), read_money(x.data.at("amount"))};
}
event read_payment_declined(const form& x) {
  return payment_declined{text(x.data.at("reason"))};
}
event read_hold_expired(const form& x) {
  return hold_expired{read_number<std::uint32_t>(x.data.at("line")), x.data.at("authorization").get<bool>()};
}
event read_payment_captured(const form& x) {
  return payment_captured{read_money(x.data.at("amount"))};
}
event read_cancel_requested(const form& x) {
  return cancel_requested{x.personal.is_null() ? std::string{} : text(x.personal.at("reason"))};
}
event read_payment_refunded(const form& x) {
  return payment_refunded{text(x.data.at("refund_id")), read_money(x.data.at("amount")),
                          x.data.value("pending", false)};
}
event read_attempt_failed(const form& x) {
  return attempt_failed{named<step>(x.data.at("step")), read_number<std::uint32_t>(x.data.at("attempt")),
                        code(x.data.at("code")), read_time(x.data.at("next_at")), x.data.value("why", "")};
}
event read_sent_to_review(const form& x) {
  return sent_to_review{named<step>(x.data.at("step")), text(x.data.at("why"))};
}
event read_closed(const form& x) {
  return closed{named<status>(x.data.at("as"))};
}
paused read_pause(const json& x) {
  return {text(x.at("what")), text(x.at("reason")), read_time(x.at("since")), x.at("untouched").get<bool>()};
}
event read_paused(const form& x) {
  return read_pause(x.data);
}
event read_hold_extended(const form& x) {
  return hold_extended{read_time(x.data.at("expires_at"))};
}
event read_resumed(const form& x) {
  return resumed{read_time(x.data.at("hold_expires_at"))};
}
retry read_retry(const json& x) {
  return {read_time(x.at("at")), text(x.at("operation")), text(x.at("what")), text(x.at("why"))};
}
event read_call_retried(const form& x) {
  return call_retried{named<step>(x.data.at("step")), read_all<retry>(x.data.at("retries"), read_retry)};
}
event read_reopened(const form& x) {
  return reopened{text(x.data.at("request"))};
}
template <class Event> event read_bare(const form&) {
  return Event{};
}

/// A stored type. Its schema is the number of its upcasters and one: whoever changes a form writes the upcaster from
/// the form before it, adds it to the type's chain, and leaves the golden file of the old form in place.
struct type {
  std::string_view name; // without "order."
  read_fn read;
  std::span<const journal::upcaster> upcasters = {};

  std::uint16_t schema() const { return static_cast<std::uint16_t>(upcasters.size() + 1); }
};

/// In the order of the alternatives of `event`.
constexpr type types[] = {
  {"placed", read_placed},
  {"priced", read_priced},
  {"stock_reserved", read_stock_reserved},
  {"rejected", read_rejected},
  {"payment_authorized", read_payment_authorized},
  {"payment_declined", read_payment_declined},
  {"stock_allocated", read_bare<stock_allocated>},
  {"hold_expired", read_hold_expired},
  {"capture_requested", read_bare<capture_requested>},
  {"payment_captured", read_payment_captured},
  {"confirmed", read_bare<confirmed>},
  {"cancel_requested", read_cancel_requested},
  {"payment_voided", read_bare<payment_voided>},
  {"payment_refunded", read_payment_refunded},
  {"stock_released", read_bare<stock_released>},
  {"attempt_failed", read_attempt_failed},
  {"sent_to_review", read_sent_to_review},
  {"closed", read_closed},
  {"paused", read_paused},
  {"hold_extended", read_hold_extended},
  {"resumed", read_resumed},
  {"call_retried", read_call_retried},
  {"reopened", read_reopened},
};
static_assert(std::size(types) == std::variant_size_v<event>);

const type* find_type(std::string_view name) {
  for (const auto& x : types)
    if (x.name == name)
      return &x;
  return nullptr;
}

// ---- snapshots -----------------------------------------------------------------------------------------------------

constexpr std::span<const journal::upcaster> snapshot_upcasters = {};
static_assert(snapshot_schema == snapshot_upcasters.size() + 1);

std::string_view read_what(const json& x) {
  const auto* found = find_type(text(x));
  return found ? found->name : (damaged("moment"), std::string_view{});
}

phase read_phase(const json& x) {
  const auto value = read_number<std::uint8_t>(x);
  if (value > static_cast<std::uint8_t>(phase::captured))
    damaged("phase");
  return static_cast<phase>(value);
}

moment read_moment(const json& x) {
  return {read_time(x.at("at")), read_what(x.at("what")), text(x.at("detail"))};
}

void write_order(json_writer& w, const state& x) {
  w.member("phase", static_cast<unsigned>(x.phase)).member("status", name_of(x.status));
  w.member("customer", x.customer.value).member("currency", x.currency.code());
  write(w.key("items"), x.items);
  write(w.key("prices"), x.prices);
  write(w.key("total"), x.total);
  w.member("provider", x.provider).member("method", x.method);
  w.member("capture_at_once", x.capture_at_once).member("capture_requested", x.capture_requested);
}

void write_progress(json_writer& w, const state& x) {
  w.member("hold_expires_at", stored(x.hold_expires_at));
  if (x.closing)
    w.member("closing", name_of(*x.closing));
  if (x.refused_line)
    w.member("refused_line", *x.refused_line);
  w.member("payment", x.payment.value)
    .member("payment_declined", x.payment_declined)
    .member("payment_abandoned", x.payment_abandoned)
    .member("payment_undone", x.payment_undone);
  write(w.key("captured"), x.captured);
  write(w.key("refunded"), x.refunded);
  w.member("stock_returned", x.stock_returned)
    .member("authorized_at", stored(x.authorized_at))
    .member("authorize_since", stored(x.authorize_since))
    .member("capture_since", stored(x.capture_since))
    .member("undo_since", stored(x.undo_since))
    .member("authorize_uncertain", x.authorize_uncertain)
    .member("failing_step", name_of(x.failing_step))
    .member("attempts", x.attempts)
    .member("last_failure", to_string(x.last_failure))
    .member("next_at", stored(x.next_at));
  // These came later; most orders have none of them.
  if (x.attempts > 0)
    w.member("step_uncertain", x.step_uncertain);
  if (x.paused_for > duration{0})
    w.member("paused_for", static_cast<std::int64_t>(x.paused_for.count()));
  if (x.pause) {
    write_pause(w.key("pause").begin_object(), *x.pause);
    w.end_object();
  }
  if (x.reviews > 0)
    w.member("reviews", x.reviews);
  if (x.review)
    w.key("review")
      .begin_object()
      .member("step", name_of(x.review->step))
      .member("can_look", x.review->can_look)
      .end_object();
  if (!x.reopen_request.empty())
    w.member("reopened_at", stored(x.reopened_at)).member("reopen_request", x.reopen_request);
}

void write_history(json_writer& w, const state& x) {
  w.member("placed_at", stored(x.placed_at)).member("updated_at", stored(x.updated_at));
  w.key("timeline").begin_array();
  for (const auto& m : x.timeline)
    w.begin_object().member("at", stored(m.at)).member("what", m.what).member("detail", m.detail).end_object();
  w.end_array();
}

void read_order(const json& x, state& s) {
  s.phase = read_phase(x.at("phase"));
  s.status = named<status>(x.at("status"));
  s.customer = text(x.at("customer"));
  s.currency = read_currency(x.at("currency"));
  s.items = read_items(x.at("items"));
  s.prices = read_prices(x.at("prices"));
  s.total = read_money(x.at("total"));
  s.provider = text(x.at("provider"));
  s.method = text(x.at("method"));
  s.capture_at_once = x.at("capture_at_once").get<bool>();
  s.capture_requested = x.at("capture_requested").get<bool>();
}

void read_progress(const json& x, state& s) {
  s.hold_expires_at = read_time(x.at("hold_expires_at"));
  if (x.contains("closing"))
    s.closing = named<status>(x.at("closing"));
  if (x.contains("refused_line"))
    s.refused_line = read_number<std::uint32_t>(x.at("refused_line"));
  s.payment = text(x.at("payment"));
  s.payment_declined = x.at("payment_declined").get<bool>();
  s.payment_abandoned = x.at("payment_abandoned").get<bool>();
  s.payment_undone = x.at("payment_undone").get<bool>();
  s.captured = read_money(x.at("captured"));
  s.refunded = read_money(x.at("refunded"));
  s.stock_returned = x.at("stock_returned").get<bool>();
  s.authorized_at = read_time(x.at("authorized_at"));
  s.authorize_since = read_time(x.at("authorize_since"));
  s.capture_since = read_time(x.at("capture_since"));
  s.undo_since = read_time(x.at("undo_since"));
  s.authorize_uncertain = x.at("authorize_uncertain").get<bool>();
  s.failing_step = named<step>(x.at("failing_step"));
  s.attempts = read_number<std::uint32_t>(x.at("attempts"));
  s.last_failure = code(x.at("last_failure"));
  s.next_at = read_time(x.at("next_at"));
  s.step_uncertain = x.value("step_uncertain", s.attempts > 0);
  s.paused_for = duration{x.contains("paused_for") ? read_number<std::int64_t>(x.at("paused_for")) : 0};
  if (x.contains("pause"))
    s.pause = read_pause(x.at("pause"));
  // Of an order in review that was stored before these were, people decide.
  const bool in_review = s.status == status::review;
  s.reviews = x.contains("reviews") ? read_number<std::uint32_t>(x.at("reviews")) : in_review ? 1 : 0;
  if (x.contains("review"))
    s.review = reviewed{named<step>(x.at("review").at("step")), x.at("review").at("can_look").get<bool>(), {}};
  else if (in_review)
    s.review = reviewed{};
  if (x.contains("reopen_request")) {
    s.reopened_at = read_time(x.at("reopened_at"));
    s.reopen_request = text(x.at("reopen_request"));
  }
}

void read_history(const json& x, state& s) {
  s.placed_at = read_time(x.at("placed_at"));
  s.updated_at = read_time(x.at("updated_at"));
  s.timeline = read_all<moment>(x.at("timeline"), read_moment);
}

state read_state(const form& x) {
  state s;
  read_order(x.data, s);
  read_progress(x.data, s);
  read_history(x.data, s);
  s.email = read_email(x.personal);
  s.shipping = read_shipping(x.personal);
  s.reason = x.personal.is_null() ? std::string{} : text(x.personal.at("reason"));
  if (s.review && !x.personal.is_null())
    s.review->reason_before = x.personal.value("reason_before", "");
  return s;
}

} // namespace

journal::encoded_event encode(const event& x) {
  const auto& row = types[x.index()];
  journal::encoded_event out;
  out.type.reserve(type_prefix.size() + row.name.size());
  out.type.append(type_prefix).append(row.name);
  out.schema = row.schema();
  out.data.reserve(192); // Most events fit.
  json_writer data{out.data};
  data.begin_object();
  std::visit(writer_of{data, out.personal}, x);
  data.end_object();
  return out;
}

caf::expected<event> decode(const journal::stored_event& x) {
  const std::string_view name = x.type;
  const auto* found = name.starts_with(type_prefix) ? find_type(name.substr(type_prefix.size())) : nullptr;
  if (!found)
    return caf::make_error(ec::unknown_type);
  return journal::read_form<event>(x.type, x.data, x.personal, x.schema, found->upcasters, found->read);
}

std::string encode_snapshot(const state& x) {
  std::string out;
  out.reserve(2'048);
  json_writer w{out};
  w.begin_object();
  write_order(w, x);
  write_progress(w, x);
  write_history(w, x);
  w.key("personal").begin_object();
  write_contact(w, x.email, x.shipping);
  w.member("reason", x.reason);
  if (x.review && !x.review->reason_before.empty()) // May be a customer's words.
    w.member("reason_before", x.review->reason_before);
  w.end_object();
  w.end_object();
  return out;
}

caf::expected<state> decode_snapshot(const std::string& data, std::uint16_t schema) {
  return journal::read_form<state>("order.snapshot", data, {}, schema, snapshot_upcasters, [](form& x) {
    x.personal = x.data.at("personal");
    return read_state(x);
  });
}

} // namespace troupe::order
