#include "adapters/payment/stripe/twin.hpp"

#include "actors/kernel/hash.hpp"
#include "adapters/payment/stripe/test_cards.hpp"
#include "adapters/payment/stripe/twin_parameters.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <span>

namespace troupe::payment::stripe {

struct twin::view {
  std::uint32_t number;
  charge_status status;
  std::string_view reason; // of a decline or a cancellation
};

namespace {

constexpr std::size_t key_bytes_max = 255;
constexpr std::size_t metadata_max = 50;
constexpr std::size_t metadata_name_bytes_max = 40;
constexpr std::size_t metadata_value_bytes_max = 500;
constexpr std::int64_t amount_max = 99'999'999;
constexpr std::size_t list_max = 100;
constexpr char name_end = '\x1f'; // between name and value of stored metadata
constexpr char pair_end = '\x1e';
constexpr std::string_view separators = "\x1e\x1f";
constexpr std::string_view intents = "/v1/payment_intents";
constexpr std::string_view refunds = "/v1/refunds";
constexpr std::string_view refund_failed = "refund_failed";

http::response respond(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  wire::append_json(out, text);
}

void append_number(std::string& out, std::string_view name, std::int64_t number) {
  out += ",\"";
  out += name;
  out += "\":";
  wire::append(out, number);
}

void append_text_or_null(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty())
    return append_text(out, name, text);
  out += ",\"";
  out += name;
  out += "\":null";
}

std::int64_t seconds(std::int64_t milliseconds) {
  return milliseconds / 1000;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

http::response fail(int status, std::string_view type, std::string_view code, std::string_view message,
                    std::string_view parameter = {}) {
  std::string body = "{\"error\":{\"type\":";
  wire::append_json(body, type);
  if (!code.empty())
    append_text(body, "code", code);
  append_text(body, "message", message);
  if (!parameter.empty())
    append_text(body, "param", parameter);
  body += "}}";
  return respond(status, std::move(body));
}

http::response invalid(std::string_view code, std::string_view message, std::string_view parameter = {}) {
  return fail(400, "invalid_request_error", code, message, parameter);
}

http::response missing(std::string_view what, std::string_view id, std::string_view parameter) {
  std::string message = "There is no such ";
  message += what;
  message += ": '";
  message += id;
  message += '\'';
  return fail(404, "invalid_request_error", "resource_missing", message, parameter);
}

// The first parameter whose name before any bracket is not known.
std::optional<http::response> refuse_unknown(const wire::fields& form, std::span<const std::string_view> known) {
  for (const auto& [name, value] : form)
    if (std::ranges::find(known, std::string_view{name}.substr(0, name.find('['))) == known.end())
      return invalid("parameter_unknown", "The parameter is not known here: " + name, name);
  return std::nullopt;
}

// The amount given as `name`, 0 when it is none that is allowed.
std::int64_t amount_of(std::string_view text) {
  const auto result = wire::parse_integer(text).value_or(0);
  return result > 0 && result <= amount_max ? result : 0;
}

std::string_view code_of(std::string_view reason) {
  for (const std::string_view own : {"expired_card", "incorrect_cvc", "processing_error", "authentication_required"})
    if (reason == own)
      return own;
  return "card_declined";
}

std::string_view explain(std::string_view refusal) {
  if (refusal == "amount_too_large")
    return "The amount is more than can be taken or given back.";
  if (refusal == "charge_already_refunded")
    return "All of the charge was refunded before.";
  if (refusal == "charge_not_captured")
    return "The PaymentIntent has no successful charge to refund.";
  return "The PaymentIntent's status does not allow this step.";
}

std::string_view status_name(charge_status x, bool has_method) {
  switch (x) {
    case charge_status::unconfirmed: return has_method ? "requires_confirmation" : "requires_payment_method";
    case charge_status::action_required: return "requires_action";
    case charge_status::pending: return "processing";
    case charge_status::authorized: return "requires_capture";
    case charge_status::captured: return "succeeded";
    case charge_status::declined: return "requires_payment_method";
    case charge_status::voided: return "canceled";
  }
  return "processing";
}

void append_decline(std::string& out, std::string_view reason) {
  const auto code = code_of(reason);
  out += "\"type\":\"card_error\"";
  append_text(out, "code", code);
  append_text(out, "decline_code", reason);
  append_text(out, "message", "The card was declined: " + std::string{reason});
}

// The payment method that the form names: nothing when it names none, an error when there is no such.
struct chosen_method {
  std::string name;
  std::optional<http::response> refused;
};

chosen_method method_in(const wire::fields& form) {
  if (const auto number = wire::find(form, "payment_method_data[card][number]")) {
    auto method = method_of_number(*number);
    if (!method)
      return {{}, fail(402, "card_error", "incorrect_number", "The number is that of no test card.", "number")};
    return {std::move(*method), std::nullopt};
  }
  const auto given = wire::find(form, "payment_method");
  if (!given || given->empty())
    return {};
  if (!given->starts_with("pm_") || given->size() > key_bytes_max)
    return {
      {}, fail(400, "invalid_request_error", "resource_missing", "There is no such PaymentMethod.", "payment_method")};
  return {std::string{*given}, std::nullopt};
}

struct query_clause {
  std::string field; // "status", "metadata"
  std::string name;  // of metadata
  std::string value;
};

// `metadata['order_id']:'1' AND status:'succeeded'`; nothing when it is not of that form.
std::optional<std::vector<query_clause>> parse_query(std::string_view text) {
  std::vector<query_clause> result;
  const auto skip = [&] { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); };
  const auto quoted = [&]() -> std::optional<std::string> {
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return std::nullopt;
    const char quote = text[0];
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == quote) {
        text.remove_prefix(i + 1);
        return value;
      }
      if (text[i] == '\\' && i + 1 < text.size())
        ++i;
      value += text[i];
    }
    return std::nullopt;
  };
  for (;;) {
    skip();
    query_clause clause;
    clause.field = text.substr(0, text.find_first_of("[:"));
    text.remove_prefix(clause.field.size());
    if (clause.field == "metadata") {
      if (!text.starts_with('['))
        return std::nullopt;
      text.remove_prefix(1);
      auto name = quoted();
      if (!name || !text.starts_with(']'))
        return std::nullopt;
      text.remove_prefix(1);
      clause.name = std::move(*name);
    } else if (clause.field != "status" && clause.field != "currency" && clause.field != "amount") {
      return std::nullopt;
    }
    if (!text.starts_with(':'))
      return std::nullopt;
    text.remove_prefix(1);
    if (auto value = quoted()) {
      clause.value = std::move(*value);
    } else {
      clause.value = text.substr(0, text.find(' '));
      if (clause.field != "amount" || !wire::parse_integer(clause.value))
        return std::nullopt;
      text.remove_prefix(clause.value.size());
    }
    result.push_back(std::move(clause));
    skip();
    if (text.empty())
      return result;
    if (!text.starts_with("AND "))
      return std::nullopt;
    text.remove_prefix(4);
  }
}

std::size_t limit_of(const wire::fields& query) {
  const auto given = wire::find(query, "limit");
  const auto number = given ? wire::parse_integer(*given).value_or(0) : 10;
  return number < 1 || number > static_cast<std::int64_t>(list_max) ? 0 : static_cast<std::size_t>(number);
}

} // namespace

std::string signature_of(std::string_view secret, std::string_view body, time_point at) {
  std::string signed_text;
  wire::append(signed_text, seconds(at.time_since_epoch().count()));
  std::string result = "t=" + signed_text + ",v1=";
  signed_text += '.';
  signed_text += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), digest.data(), &size);
  for (unsigned int i = 0; i < size; ++i)
    wire::append_hex(result, digest[i], 2);
  return result;
}

http::response twin::handle(const http::request& r, time_point now) {
  settle(now);
  const auto [path, query] = wire::split_target(r.target);
  auto result = route(r, path, query, now);
  std::string request_id = "req_";
  wire::append_hex(request_id, books_.calls_noted(), 16);
  result.fields.emplace_back("Request-Id", std::move(request_id));
  books_.note({.at = now.time_since_epoch().count(),
               .twin = twin_kind::stripe,
               .status = result.status,
               .method = r.method,
               .target = r.target,
               .key = std::string{http::find(r.fields, "Idempotency-Key")},
               .fault = {}});
  return result;
}

void twin::settle(time_point now) {
  const auto at = now.time_since_epoch().count();
  while (const auto number = books_.due(twin_kind::stripe, at)) {
    const auto& of = books_.charge_at(*number);
    posting x;
    x.twin = twin_kind::stripe;
    x.kind = entry_kind::settle;
    x.charge = *number;
    x.at = at;
    x.amount = of.amount;
    std::tie(x.status, x.reason) = outcome_of(books_.method_of(of), of.capture_at_once, true);
    const auto posted = books_.post(x);
    if (!posted)
      return;
    announce(*posted);
  }
}

http::response twin::failure(int status) {
  if (status == 429)
    return fail(status, "invalid_request_error", "rate_limit", "Too many requests; ask again later.");
  return fail(status, "api_error", "", "The provider cannot serve this request now.");
}

http::response twin::route(const http::request& r, std::string_view path, std::string_view query, time_point now) {
  if (!allowed(r))
    return fail(401, "invalid_request_error", "", "The API key is missing or wrong.");
  if (r.method == "POST")
    return write(r, path, now);
  if (r.method == "GET") {
    if (path == intents)
      return list(wire::parse_form(query));
    if (path == "/v1/payment_intents/search")
      return search(wire::parse_form(query), now);
    if (path == refunds)
      return list_refunds(wire::parse_form(query));
    if (path.starts_with("/v1/refunds/"))
      return retrieve_refund(path.substr(refunds.size() + 1));
    if (path.starts_with("/v1/payment_intents/")) {
      const auto id = path.substr(intents.size() + 1);
      const auto number = books_.find_id(twin_kind::stripe, id);
      return number ? retrieve(*number) : missing("payment_intent", id, "intent");
    }
  }
  return fail(404, "invalid_request_error", "", "The sandbox does not know this request: " + r.method + " " + r.target);
}

http::response twin::write(const http::request& r, std::string_view path, time_point now) {
  const auto key = http::find(r.fields, "Idempotency-Key");
  if (key.size() > key_bytes_max)
    return invalid("", "An Idempotency-Key has at most 255 bytes.");
  posting x;
  x.twin = twin_kind::stripe;
  x.at = now.time_since_epoch().count();
  x.key = key;
  const auto hash = fnv1a(r.body, fnv1a(path));
  x.fingerprint = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  if (!key.empty())
    if (const auto earlier = books_.find_key(twin_kind::stripe, key, x.at, options_.key_lifetime)) {
      if (books_.entry_at(*earlier).fingerprint != x.fingerprint)
        return fail(400, "idempotency_error", "", "The Idempotency-Key was used for a request with other parameters.");
      auto result = answer(*earlier);
      result.fields.emplace_back("Idempotent-Replayed", "true");
      return result;
    }
  const auto form = wire::parse_form(r.body);
  if (path == intents)
    return create(form, x);
  if (path == refunds)
    return refund_intent(form, x);
  if (path.starts_with("/v1/payment_intents/")) {
    path.remove_prefix(intents.size() + 1);
    const auto slash = std::min(path.find('/'), path.size());
    const auto id = path.substr(0, slash);
    const auto action = path.substr(slash);
    if (action == "/confirm" || action == "/capture" || action == "/cancel") {
      const auto number = books_.find_id(twin_kind::stripe, id);
      if (!number)
        return missing("payment_intent", id, "intent");
      return action == "/confirm"   ? confirm(form, *number, x)
             : action == "/capture" ? capture_intent(form, *number, x)
                                    : cancel(form, *number, x);
    }
  }
  return fail(404, "invalid_request_error", "", "The sandbox does not know this request: " + r.method + " " + r.target);
}

http::response twin::create(const wire::fields& form, posting& x) {
  if (auto refused = refuse_unknown(form, create_parameters))
    return std::move(*refused);
  const auto amount = wire::find(form, "amount");
  if (!amount)
    return invalid("parameter_missing", "The parameter is required: amount", "amount");
  x.amount = amount_of(*amount);
  if (x.amount == 0)
    return invalid("parameter_invalid_integer", "The amount must be a whole number above 0 and of at most 8 digits.",
                   "amount");
  const auto code = wire::find(form, "currency");
  if (!code)
    return invalid("parameter_missing", "The parameter is required: currency", "currency");
  std::string upper = lower(*code);
  for (char& c : upper)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  const auto currency = troupe::currency::parse(upper);
  if (!currency)
    return invalid("", "There is no such currency.", "currency");
  const auto capture_method = wire::find(form, "capture_method").value_or("automatic");
  if (capture_method != "manual" && capture_method != "automatic" && capture_method != "automatic_async")
    return invalid("", "The capture_method must be automatic, automatic_async or manual.", "capture_method");
  const auto confirmed = wire::find(form, "confirm").value_or("false");
  if (confirmed != "true" && confirmed != "false")
    return invalid("", "The parameter must be true or false: confirm", "confirm");
  auto method = method_in(form);
  if (method.refused)
    return std::move(*method.refused);
  if (confirmed == "true" && method.name.empty())
    return invalid("payment_intent_unexpected_state", "Confirming needs a payment_method.", "payment_method");

  std::string text;
  std::size_t pairs = 0;
  for (const auto& [field, value] : form) {
    if (!field.starts_with("metadata["))
      continue;
    const auto name = std::string_view{field}.substr(9, field.size() - 10);
    if (!field.ends_with(']') || name.empty() || name.size() > metadata_name_bytes_max
        || value.size() > metadata_value_bytes_max || ++pairs > metadata_max
        || (field + value).find_first_of(separators) != std::string::npos)
      return invalid("",
                     "Metadata has at most 50 names of at most 40 bytes, with values of at most 500 bytes, and no "
                     "control characters.",
                     field);
    text += name;
    text += name_end;
    if (x.reference_size == 0 || name == options_.reference_field) {
      x.reference_at = static_cast<std::uint16_t>(text.size());
      x.reference_size = static_cast<std::uint16_t>(value.size());
    }
    text += value;
    text += pair_end;
  }
  x.kind = entry_kind::charge;
  x.currency = *currency;
  x.method = method.name;
  x.text = text;
  x.salt = static_cast<std::uint32_t>(random_());
  x.due = x.at + options_.pending_for.count();
  x.capture_at_once = capture_method != "manual";
  if (confirmed == "true")
    std::tie(x.status, x.reason) = outcome_of(method.name, x.capture_at_once, false);
  if (x.status == charge_status::action_required && wire::find(form, "error_on_requires_action") == "true") {
    x.status = charge_status::declined;
    x.reason = "authentication_required";
  }
  return post(x);
}

http::response twin::confirm(const wire::fields& form, std::uint32_t number, posting& x) {
  if (auto refused = refuse_unknown(form, confirm_parameters))
    return std::move(*refused);
  const auto& of = books_.charge_at(number);
  auto method = method_in(form);
  if (method.refused)
    return std::move(*method.refused);
  if (method.name.empty() && of.status != charge_status::declined)
    method.name = books_.method_of(of);
  x.charge = number;
  x.status = of.status;
  x.amount = of.amount;
  x.method = method.name;
  if (of.status != charge_status::unconfirmed && of.status != charge_status::declined
      && of.status != charge_status::action_required) {
    x.reason = "payment_intent_unexpected_state";
    return post(x);
  }
  if (method.name.empty())
    return invalid("payment_intent_unexpected_state", "Confirming needs a payment_method.", "payment_method");
  x.kind = entry_kind::confirm;
  x.due = x.at + options_.pending_for.count();
  std::tie(x.status, x.reason) = outcome_of(method.name, of.capture_at_once, false);
  return post(x);
}

http::response twin::capture_intent(const wire::fields& form, std::uint32_t number, posting& x) {
  if (auto refused = refuse_unknown(form, capture_parameters))
    return std::move(*refused);
  const auto& of = books_.charge_at(number);
  const auto given = wire::find(form, "amount_to_capture");
  x.charge = number;
  x.status = of.status;
  x.amount = given ? amount_of(*given) : of.amount;
  if (x.amount == 0)
    return invalid("parameter_invalid_integer", "The amount must be a whole number above 0.", "amount_to_capture");
  if (of.status != charge_status::authorized) {
    x.reason = "payment_intent_unexpected_state";
  } else if (x.amount > of.amount) {
    x.reason = "amount_too_large";
  } else {
    x.kind = entry_kind::capture;
    x.status = charge_status::captured;
  }
  return post(x);
}

http::response twin::cancel(const wire::fields& form, std::uint32_t number, posting& x) {
  if (auto refused = refuse_unknown(form, cancel_parameters))
    return std::move(*refused);
  const auto& of = books_.charge_at(number);
  const auto why = wire::find(form, "cancellation_reason").value_or("");
  if (!why.empty() && std::ranges::find(cancellation_reasons, why) == std::end(cancellation_reasons))
    return invalid("", "There is no such cancellation_reason.", "cancellation_reason");
  x.charge = number;
  x.status = of.status;
  if (of.status == charge_status::captured || of.status == charge_status::voided) {
    x.reason = "payment_intent_unexpected_state";
  } else {
    x.kind = entry_kind::void_charge;
    x.status = charge_status::voided;
    x.reason = why;
  }
  return post(x);
}

http::response twin::refund_intent(const wire::fields& form, posting& x) {
  if (auto refused = refuse_unknown(form, refund_parameters))
    return std::move(*refused);
  const auto id = wire::find(form, "payment_intent");
  if (!id)
    return invalid("parameter_missing", "The parameter is required: payment_intent", "payment_intent");
  const auto number = books_.find_id(twin_kind::stripe, *id);
  if (!number)
    return missing("payment_intent", *id, "payment_intent");
  const auto& of = books_.charge_at(*number);
  const auto given = wire::find(form, "amount");
  x.charge = *number;
  x.status = of.status;
  x.amount = given ? amount_of(*given) : of.captured - of.refunded;
  if (given && x.amount == 0)
    return invalid("parameter_invalid_integer", "The amount must be a whole number above 0.", "amount");
  if (of.status != charge_status::captured)
    x.reason = "charge_not_captured";
  else if (of.captured == of.refunded)
    x.reason = "charge_already_refunded";
  else if (x.amount > of.captured - of.refunded)
    x.reason = "amount_too_large";
  else if (books_.method_of(of).ends_with("refundFail"))
    x.reason = refund_failed;
  else
    x.kind = entry_kind::refund;
  return post(x);
}

http::response twin::retrieve(std::uint32_t number) const {
  std::string body;
  append_intent(body, view_now(number));
  return respond(200, std::move(body));
}

http::response twin::list(const wire::fields& query) const {
  const auto limit = limit_of(query);
  if (limit == 0)
    return invalid("parameter_invalid_integer", "The limit must be between 1 and 100.", "limit");
  auto next = books_.charge_count(); // newest first
  if (const auto after = wire::find(query, "starting_after")) {
    const auto number = books_.find_id(twin_kind::stripe, *after);
    if (!number)
      return missing("payment_intent", *after, "starting_after");
    next = *number;
  }
  std::int64_t from = 0, to = std::numeric_limits<std::int64_t>::max(); // seconds, both included
  for (const auto& [name, value] : query) {
    const auto number = wire::parse_integer(value).value_or(0);
    if (name == "created" || name == "created[gte]")
      from = number;
    if (name == "created" || name == "created[lte]")
      to = number;
    if (name == "created[gt]")
      from = number + 1;
    if (name == "created[lt]")
      to = number - 1;
  }
  std::string body = R"({"object":"list","url":"/v1/payment_intents","data":[)";
  std::size_t listed = 0;
  bool more = false;
  while (next > 0 && !more) {
    const auto& x = books_.charge_at(--next);
    const auto created = seconds(x.created_at);
    if (x.twin != twin_kind::stripe || created < from || created > to)
      continue;
    more = listed == limit;
    if (more)
      break;
    if (listed++ > 0)
      body += ',';
    append_intent(body, view_now(next));
  }
  body += more ? R"(],"has_more":true})" : R"(],"has_more":false})";
  return respond(200, std::move(body));
}

http::response twin::search(const wire::fields& query, time_point now) const {
  const auto text = wire::find(query, "query");
  const auto clauses = text ? parse_query(*text) : std::nullopt;
  if (!clauses)
    return invalid("", "The query has no form that the sandbox knows: metadata['name']:'value' AND status:'succeeded'.",
                   "query");
  const auto limit = limit_of(query);
  if (limit == 0)
    return invalid("parameter_invalid_integer", "The limit must be between 1 and 100.", "limit");
  const auto page = wire::find(query, "page");
  const auto offset = page ? wire::parse_integer(*page).value_or(-1) : 0;
  if (offset < 0)
    return invalid("", "There is no such page.", "page");
  const auto newest = (now - options_.search_lag).time_since_epoch().count();
  const auto matches = [&](std::uint32_t number) {
    const auto& x = books_.charge_at(number);
    return x.twin == twin_kind::stripe && x.created_at <= newest
           && std::ranges::all_of(*clauses, [&](const query_clause& clause) {
                if (clause.field == "metadata")
                  return has_metadata(x, clause.name, clause.value);
                if (clause.field == "currency")
                  return lower(clause.value) == lower(x.currency.code());
                if (clause.field == "amount")
                  return wire::parse_integer(clause.value) == x.amount;
                return clause.value == status_name(x.status, x.method != 0);
              });
  };
  std::vector<std::uint32_t> found;
  const auto indexed = std::ranges::find_if(*clauses, [&](const query_clause& clause) {
    return clause.field == "metadata" && clause.name == options_.reference_field && !clause.value.empty();
  });
  if (indexed != clauses->end()) {
    found = books_.find_reference(twin_kind::stripe, indexed->value);
    std::erase_if(found, [&](std::uint32_t number) { return !matches(number); });
  } else {
    for (auto number = books_.charge_count(); number-- > 0;)
      if (matches(number))
        found.push_back(number);
  }
  std::string body = R"({"object":"search_result","url":"/v1/payment_intents/search","data":[)";
  const auto first = std::min(static_cast<std::size_t>(offset), found.size());
  const auto last = std::min(first + limit, found.size());
  for (auto i = first; i < last; ++i) {
    if (i > first)
      body += ',';
    append_intent(body, view_now(found[i]));
  }
  if (last < found.size()) {
    body += R"(],"has_more":true,"next_page":")";
    wire::append(body, static_cast<std::int64_t>(last));
    body += "\"}";
  } else {
    body += R"(],"has_more":false,"next_page":null})";
  }
  return respond(200, std::move(body));
}

http::response twin::retrieve_refund(std::string_view id) const {
  const auto number = books_.find_refund_id(twin_kind::stripe, id);
  if (!number)
    return missing("refund", id, "id");
  std::string body;
  append_refund(body, *number);
  return respond(200, std::move(body));
}

http::response twin::list_refunds(const wire::fields& query) const {
  const auto id = wire::find(query, "payment_intent");
  const auto number = id ? books_.find_id(twin_kind::stripe, *id) : std::nullopt;
  if (!number)
    return missing("payment_intent", id.value_or(""), "payment_intent");
  std::string body = R"({"object":"list","url":"/v1/refunds","has_more":false,"data":[)";
  for (auto i = books_.charge_at(*number).entry; i != text_index::none; i = books_.entry_at(i).earlier)
    if (books_.entry_at(i).kind == entry_kind::refund) {
      if (body.back() != '[')
        body += ',';
      append_refund(body, i);
    }
  body += "]}";
  return respond(200, std::move(body));
}

http::response twin::post(const posting& x) {
  const auto number = books_.post(x);
  if (!number)
    return fail(500, "api_error", "", "The sandbox could not store the change; nothing happened.");
  announce(*number);
  return answer(*number);
}

// Made from the entry alone, so that a repeated key gets the same bytes whatever happened since.
http::response twin::answer(std::uint32_t entry_number) const {
  const auto& e = books_.entry_at(entry_number);
  const auto reason = books_.reason_of(e);
  std::string body;
  body.reserve(1280);
  if (e.kind == entry_kind::refund || reason == refund_failed) {
    append_refund(body, entry_number);
    return respond(200, std::move(body));
  }
  if (e.kind == entry_kind::refuse) {
    body += "{\"error\":{\"type\":\"invalid_request_error\"";
    append_text(body, "code", reason);
    append_text(body, "message", explain(reason));
    body += ",\"payment_intent\":";
    append_intent(body, view_after(e));
    body += "}}";
    return respond(400, std::move(body));
  }
  if (e.status == charge_status::declined) {
    body += "{\"error\":{";
    append_decline(body, reason);
    append_text(body, "charge", charge_id_of(e.charge));
    body += ",\"payment_intent\":";
    append_intent(body, view_after(e));
    body += "}}";
    return respond(402, std::move(body));
  }
  append_intent(body, view_after(e));
  return respond(200, std::move(body));
}

void twin::announce(std::uint32_t entry_number) {
  const auto& e = books_.entry_at(entry_number);
  if (options_.webhook_secret.empty() || e.kind == entry_kind::refuse)
    return;
  std::string object;
  if (e.kind == entry_kind::refund) {
    append_charge(object, e.charge);
    return announce(entry_number, '0', "charge.refunded", object);
  }
  append_intent(object, view_after(e));
  if (e.kind == entry_kind::charge)
    announce(entry_number, '0', "payment_intent.created", object);
  switch (e.status) {
    case charge_status::unconfirmed: break;
    case charge_status::action_required: announce(entry_number, '1', "payment_intent.requires_action", object); break;
    case charge_status::pending: announce(entry_number, '1', "payment_intent.processing", object); break;
    case charge_status::authorized:
      announce(entry_number, '1', "payment_intent.amount_capturable_updated", object);
      break;
    case charge_status::captured: announce(entry_number, '1', "payment_intent.succeeded", object); break;
    case charge_status::declined: announce(entry_number, '1', "payment_intent.payment_failed", object); break;
    case charge_status::voided: announce(entry_number, '1', "payment_intent.canceled", object); break;
  }
}

void twin::announce(std::uint32_t entry_number, char part, std::string_view type, std::string_view object) {
  const auto& e = books_.entry_at(entry_number);
  delivery x;
  x.id = "evt_";
  x.id += part;
  wire::append_hex(x.id, entry_number, 8);
  wire::append_hex(x.id, books_.charge_at(e.charge).salt, 8);
  x.type = type;
  x.body = "{\"id\":\"" + x.id + "\",\"object\":\"event\"";
  append_text(x.body, "api_version", options_.api_version);
  append_number(x.body, "created", seconds(e.at));
  x.body += ",\"data\":{\"object\":";
  x.body += object;
  x.body += R"(},"livemode":false,"pending_webhooks":1,"request":{"id":null)";
  append_text_or_null(x.body, "idempotency_key", books_.key_of(e));
  x.body += '}';
  append_text(x.body, "type", type);
  x.body += '}';
  deliveries_.push_back(std::move(x));
}

bool twin::allowed(const http::request& r) const {
  const auto authorization = http::find(r.fields, "Authorization");
  const auto token = wire::parse_bearer(authorization);
  if (!token.empty())
    return options_.api_key.empty() || token == options_.api_key;
  const auto basic = wire::parse_basic(authorization);
  return basic && !basic->first.empty() && (options_.api_key.empty() || basic->first == options_.api_key);
}

bool twin::has_metadata(const charge& x, std::string_view name, std::string_view value) const {
  auto text = books_.text_of(x);
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find(pair_end));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const auto end = pair.find(name_end);
    if (pair.substr(0, end) == name)
      return pair.substr(end + 1) == value;
  }
  return false;
}

twin::view twin::view_now(std::uint32_t number) const {
  const auto& x = books_.charge_at(number);
  return {number, x.status, books_.reason_of(x)};
}

twin::view twin::view_after(const entry& e) const {
  return {e.charge, e.status, e.kind == entry_kind::refuse ? std::string_view{} : books_.reason_of(e)};
}

// What `status` was decides the amounts: an amount is captured once, and what is cancelled stays so.
void twin::append_intent(std::string& out, const view& x) const {
  const auto& of = books_.charge_at(x.number);
  const auto id = books_.id_of(x.number);
  const auto method = books_.method_of(of);
  const bool tried = x.status != charge_status::unconfirmed;
  const bool declined = x.status == charge_status::declined;
  const bool cancelled = x.status == charge_status::voided;
  out += "{\"id\":\"";
  out += id;
  out += "\",\"object\":\"payment_intent\"";
  append_number(out, "amount", of.amount);
  append_number(out, "amount_capturable", x.status == charge_status::authorized ? of.amount : 0);
  append_number(out, "amount_received", x.status == charge_status::captured ? of.captured : 0);
  out += ",\"canceled_at\":";
  if (cancelled)
    wire::append(out, seconds(of.changed_at));
  else
    out += "null";
  append_text_or_null(out, "cancellation_reason", cancelled ? x.reason : std::string_view{});
  append_text(out, "capture_method", of.capture_at_once ? "automatic" : "manual");
  append_text(out, "client_secret", id + "_secret_sandbox");
  append_text(out, "confirmation_method", "automatic");
  append_number(out, "created", seconds(of.created_at));
  append_text(out, "currency", lower(of.currency.code()));
  out += R"(,"customer":null,"description":null,"last_payment_error":)";
  if (declined) {
    out += '{';
    append_decline(out, x.reason);
    out += '}';
  } else {
    out += "null";
  }
  append_text_or_null(out, "latest_charge", tried ? charge_id_of(x.number) : std::string{});
  out += ",\"livemode\":false,\"metadata\":";
  append_metadata(out, of);
  out += x.status == charge_status::action_required ? R"(,"next_action":{"type":"use_stripe_sdk","use_stripe_sdk":{}})"
                                                    : R"(,"next_action":null)";
  append_text_or_null(out, "payment_method", declined ? std::string_view{} : method);
  out += R"(,"payment_method_types":["card"])";
  append_text(out, "status", status_name(x.status, !method.empty()));
  out += '}';
}

void twin::append_refund(std::string& out, std::uint32_t entry_number) const {
  const auto& e = books_.entry_at(entry_number);
  out += "{\"id\":\"";
  out += books_.refund_id_of(entry_number);
  out += "\",\"object\":\"refund\"";
  append_number(out, "amount", e.amount);
  append_text(out, "charge", charge_id_of(e.charge));
  append_number(out, "created", seconds(e.at));
  append_text(out, "currency", lower(books_.charge_at(e.charge).currency.code()));
  out += ",\"metadata\":{}";
  append_text(out, "payment_intent", books_.id_of(e.charge));
  out += ",\"reason\":null";
  append_text(out, "status", e.kind == entry_kind::refund ? "succeeded" : "failed");
  out += '}';
}

void twin::append_charge(std::string& out, std::uint32_t number) const {
  const auto& x = books_.charge_at(number);
  out += "{\"id\":\"";
  out += charge_id_of(number);
  out += "\",\"object\":\"charge\"";
  append_number(out, "amount", x.amount);
  append_number(out, "amount_captured", x.captured);
  append_number(out, "amount_refunded", x.refunded);
  out += x.status == charge_status::captured ? ",\"captured\":true" : ",\"captured\":false";
  append_number(out, "created", seconds(x.created_at));
  append_text(out, "currency", lower(x.currency.code()));
  out += ",\"livemode\":false,\"metadata\":";
  append_metadata(out, x);
  out += ",\"paid\":true";
  append_text(out, "payment_intent", books_.id_of(number));
  out += x.refunded == x.captured ? ",\"refunded\":true" : ",\"refunded\":false";
  append_text(out, "status", "succeeded");
  out += '}';
}

void twin::append_metadata(std::string& out, const charge& x) const {
  auto text = books_.text_of(x);
  out += '{';
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find(pair_end));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const auto end = pair.find(name_end);
    if (out.back() != '{')
      out += ',';
    wire::append_json(out, pair.substr(0, end));
    out += ':';
    wire::append_json(out, pair.substr(end + 1));
  }
  out += '}';
}

std::string twin::charge_id_of(std::uint32_t number) const {
  return "ch_" + books_.id_of(number).substr(3);
}

} // namespace troupe::payment::stripe
