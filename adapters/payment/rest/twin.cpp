#include "adapters/payment/rest/twin.hpp"

#include "actors/kernel/hash.hpp"
#include "adapters/payment/wire_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::payment::rest {

namespace {

using nlohmann::json;

constexpr std::size_t text_bytes_max = 500;
constexpr std::size_t key_bytes_max = 255;
constexpr std::string_view token_prefix = "sbx_";
constexpr std::string_view refund_failed = "refund_failed";

http::response respond(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

http::response fail(int status, std::string_view code, std::string_view message) {
  std::string body = "{\"error\":{\"code\":";
  wire::append_json(body, code);
  body += ",\"message\":";
  wire::append_json(body, message);
  body += "}}";
  return respond(status, std::move(body));
}

http::response invalid(std::string_view field, std::string_view what) {
  std::string message{field};
  message += ' ';
  message += what;
  return fail(400, "invalid_request", message);
}

std::string_view explain(std::string_view refusal) {
  if (refusal == "already_captured")
    return "The payment was captured before.";
  if (refusal == "already_voided")
    return "The payment was voided before.";
  if (refusal == "not_authorized")
    return "The payment is not authorized.";
  if (refusal == "not_captured")
    return "Nothing of the payment was captured.";
  if (refusal == "exceeds_authorized")
    return "The amount is more than was authorized.";
  if (refusal == "exceeds_captured")
    return "The amount is more than was captured and not yet refunded.";
  return "The payment cannot take this step.";
}

std::string_view status_name(charge_status x) {
  switch (x) {
    case charge_status::authorized: return "authorized";
    case charge_status::captured: return "captured";
    case charge_status::declined: return "declined";
    case charge_status::voided: return "voided";
    case charge_status::unconfirmed:
    case charge_status::action_required:
    case charge_status::pending: break;
  }
  return "pending";
}

// What becomes of a charge with this method, at once or when a pending one is decided.
std::pair<charge_status, std::string_view> outcome_of(std::string_view method, bool capture_at_once, bool decided) {
  if (method == "tok_declined")
    return {charge_status::declined, "card_declined"};
  if (method == "tok_insufficient_funds")
    return {charge_status::declined, "insufficient_funds"};
  if (!decided && (method == "tok_pending" || method == "tok_pending_declined"))
    return {charge_status::pending, ""};
  if (method == "tok_pending_declined")
    return {charge_status::declined, "card_declined"};
  return {capture_at_once ? charge_status::captured : charge_status::authorized, ""};
}

const std::string* text_member(const json& body, const char* name) {
  const auto found = body.find(name);
  return found == body.end() ? nullptr : found->get_ptr<const std::string*>();
}

// A whole number above 0, as amounts are.
std::int64_t amount_member(const json& body) {
  const auto found = body.find("amount");
  if (found == body.end() || !found->is_number_integer())
    return 0;
  if (found->is_number_unsigned() && !std::in_range<std::int64_t>(found->get<std::uint64_t>()))
    return 0;
  return std::max<std::int64_t>(found->get<std::int64_t>(), 0);
}

json parse(const std::string& body) {
  return json::parse(body, nullptr, false);
}

} // namespace

http::response twin::handle(const http::request& r, time_point now) {
  settle(now);
  const auto [path, query] = wire::split_target(r.target);
  auto result = route(r, path, query, now);
  books_.note({.at = now.time_since_epoch().count(),
               .twin = twin_kind::rest,
               .status = result.status,
               .method = r.method,
               .target = r.target,
               .key = std::string{http::find(r.fields, "Idempotency-Key")},
               .fault = {}});
  return result;
}

void twin::settle(time_point now) {
  const auto at = now.time_since_epoch().count();
  while (const auto number = books_.due(twin_kind::rest, at)) {
    const auto& of = books_.charge_at(*number);
    posting x;
    x.twin = twin_kind::rest;
    x.kind = entry_kind::settle;
    x.charge = *number;
    x.at = at;
    x.amount = of.amount;
    std::tie(x.status, x.reason) = outcome_of(books_.method_of(of), of.capture_at_once, true);
    if (!books_.post(x))
      return;
  }
}

http::response twin::failure(int status) {
  if (status == 429)
    return fail(status, "rate_limited", "Too many requests; ask again later.");
  return fail(status, "unavailable", "The provider cannot serve this request now.");
}

http::response twin::route(const http::request& r, std::string_view path, std::string_view query, time_point now) {
  if (path == "/oauth/token" && r.method == "POST")
    return grant(r, now);
  if (path != "/refunds" && path != "/payments" && !path.starts_with("/payments/"))
    return fail(404, "not_found", "There is nothing here.");
  if (!allowed(r, now)) {
    auto result = fail(401, "unauthorized", "The bearer token is missing, unknown or expired.");
    result.fields.emplace_back("WWW-Authenticate", "Bearer");
    return result;
  }
  if (path == "/payments" && r.method == "GET")
    return find(query);
  if (r.method == "POST")
    return write(r, path, now);
  return fail(405, "method_not_allowed", "The resource does not have this method.");
}

http::response twin::write(const http::request& r, std::string_view path, time_point now) {
  const auto key = http::find(r.fields, "Idempotency-Key");
  if (key.empty() || key.size() > key_bytes_max)
    return fail(400, "idempotency_key_missing", "Every write needs an Idempotency-Key of 1 to 255 bytes.");
  posting x;
  x.twin = twin_kind::rest;
  x.at = now.time_since_epoch().count();
  x.key = key;
  const auto hash = fnv1a(r.body, fnv1a(path));
  x.fingerprint = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  if (const auto earlier = books_.find_key(twin_kind::rest, key, x.at, options_.key_lifetime)) {
    if (books_.entry_at(*earlier).fingerprint != x.fingerprint)
      return fail(422, "idempotency_key_reused", "The Idempotency-Key was used for another request.");
    auto result = answer(*earlier);
    result.fields.emplace_back("Idempotent-Replayed", "true");
    return result;
  }
  if (path == "/payments")
    return create(r, x);
  if (path == "/refunds")
    return refund(r, x);
  path.remove_prefix(std::string_view{"/payments/"}.size());
  const auto slash = std::min(path.find('/'), path.size());
  return change(r, path.substr(0, slash), path.substr(slash), x);
}

http::response twin::create(const http::request& r, posting& x) {
  const auto body = parse(r.body);
  if (!body.is_object())
    return fail(400, "invalid_request", "The body is no JSON object.");
  const auto* reference = text_member(body, "reference");
  if (!reference || reference->empty() || reference->size() > text_bytes_max)
    return invalid("reference", "must be a text of 1 to 500 bytes.");
  const auto* method = text_member(body, "method");
  if (!method || method->empty() || method->size() > text_bytes_max)
    return invalid("method", "must be a text of 1 to 500 bytes.");
  const auto* code = text_member(body, "currency");
  const auto currency = code ? troupe::currency::parse(*code) : std::nullopt;
  if (!currency)
    return invalid("currency", "must be a code of ISO 4217 in upper case.");
  x.amount = amount_member(body);
  if (x.amount == 0)
    return invalid("amount", "must be a whole number of minor units above 0.");
  if (const auto found = body.find("capture"); found != body.end()) {
    if (!found->is_boolean())
      return invalid("capture", "must be true or false.");
    x.capture_at_once = found->get<bool>();
  }
  x.kind = entry_kind::charge;
  x.currency = *currency;
  x.method = *method;
  x.text = *reference;
  x.reference_size = static_cast<std::uint16_t>(reference->size());
  x.salt = static_cast<std::uint32_t>(random_());
  x.due = x.at + options_.pending_for.count();
  std::tie(x.status, x.reason) = outcome_of(*method, x.capture_at_once, false);
  return post(x);
}

http::response twin::change(const http::request& r, std::string_view id, std::string_view action, posting& x) {
  const auto number = books_.find_id(twin_kind::rest, id);
  if (!number || (action != "/capture" && action != "/void"))
    return fail(404, "not_found", "There is no such payment.");
  const auto& of = books_.charge_at(*number);
  x.charge = *number;
  x.status = of.status;
  if (action == "/void") {
    if (of.status == charge_status::captured) {
      x.reason = "already_captured";
    } else if (of.status == charge_status::declined) {
      x.reason = "not_authorized";
    } else { // Voiding again is no refusal: it is voided.
      x.kind = entry_kind::void_charge;
      x.status = charge_status::voided;
    }
    // What is voided already is answered without an entry: it would count the money twice.
    if (of.status == charge_status::voided)
      return respond(200, "{\"id\":\"" + books_.id_of(*number) + "\",\"status\":\"voided\"}");
    return post(x);
  }
  const auto body = parse(r.body);
  if (!body.is_object())
    return fail(400, "invalid_request", "The body is no JSON object.");
  x.amount = amount_member(body);
  if (x.amount == 0)
    return invalid("amount", "must be a whole number of minor units above 0.");
  if (of.status == charge_status::captured) {
    x.reason = "already_captured";
  } else if (of.status == charge_status::voided) {
    x.reason = "already_voided";
  } else if (of.status != charge_status::authorized) {
    x.reason = "not_authorized";
  } else if (x.amount > of.amount) {
    x.reason = "exceeds_authorized";
  } else {
    x.kind = entry_kind::capture;
    x.status = charge_status::captured;
  }
  return post(x);
}

http::response twin::refund(const http::request& r, posting& x) {
  const auto body = parse(r.body);
  if (!body.is_object())
    return fail(400, "invalid_request", "The body is no JSON object.");
  const auto* id = text_member(body, "paymentId");
  if (!id)
    return invalid("paymentId", "must be the id of a payment.");
  x.amount = amount_member(body);
  if (x.amount == 0)
    return invalid("amount", "must be a whole number of minor units above 0.");
  const auto number = books_.find_id(twin_kind::rest, *id);
  if (!number)
    return fail(404, "not_found", "There is no such payment.");
  const auto& of = books_.charge_at(*number);
  x.charge = *number;
  x.status = of.status;
  if (of.status != charge_status::captured)
    x.reason = "not_captured";
  else if (x.amount > of.captured - of.refunded)
    x.reason = "exceeds_captured";
  else if (books_.method_of(of) == "tok_refund_failed")
    x.reason = refund_failed;
  else
    x.kind = entry_kind::refund;
  return post(x);
}

http::response twin::find(std::string_view query) {
  const auto fields = wire::parse_form(query);
  const auto reference = wire::find(fields, "reference");
  if (!reference || reference->empty())
    return invalid("reference", "must be given.");
  std::string body = "{\"payments\":[";
  for (const auto number : books_.find_reference(twin_kind::rest, *reference)) {
    const auto& x = books_.charge_at(number);
    if (body.back() != '[')
      body += ',';
    body += "{\"id\":\"" + books_.id_of(number) + "\",\"status\":";
    wire::append_json(body, status_name(x.status));
    body += ",\"amount\":";
    wire::append(body, x.amount);
    body += ",\"currency\":";
    wire::append_json(body, x.currency.code());
    body += ",\"reference\":";
    wire::append_json(body, books_.reference_of(x));
    body += ",\"capturedAmount\":";
    wire::append(body, x.captured);
    body += ",\"refundedAmount\":";
    wire::append(body, x.refunded);
    if (x.reason != 0) {
      body += ",\"reason\":";
      wire::append_json(body, books_.reason_of(x));
    }
    body += '}';
  }
  body += "]}";
  return respond(200, std::move(body));
}

http::response twin::grant(const http::request& r, time_point now) {
  const auto form = wire::parse_form(r.body);
  if (wire::find(form, "grant_type") != "client_credentials")
    return respond(400, R"({"error":"unsupported_grant_type"})");
  std::string id{wire::find(form, "client_id").value_or("")};
  std::string secret{wire::find(form, "client_secret").value_or("")};
  if (const auto basic = wire::parse_basic(http::find(r.fields, "Authorization"))) {
    id = wire::decode_form(basic->first); // RFC 6749, section 2.3.1: encoded as in a form before they are joined
    secret = wire::decode_form(basic->second);
  }
  if (id.empty() || secret.empty()
      || (!options_.client_id.empty() && (id != options_.client_id || secret != options_.client_secret)))
    return respond(401, R"({"error":"invalid_client"})");
  const auto lifetime_s = std::chrono::duration_cast<std::chrono::seconds>(options_.token_lifetime).count();
  const auto expires_s = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() + lifetime_s;
  std::string body = "{\"access_token\":\"";
  body += token_prefix;
  wire::append_hex(body, static_cast<std::uint64_t>(expires_s), 10);
  wire::append_hex(body, seal_of(expires_s), 16);
  body += "\",\"token_type\":\"Bearer\",\"expires_in\":";
  wire::append(body, lifetime_s);
  body += '}';
  return respond(200, std::move(body));
}

http::response twin::post(const posting& x) {
  const auto number = books_.post(x);
  return number ? answer(*number)
                : fail(500, "not_stored", "The sandbox could not store the change; nothing happened.");
}

// Made from the entry alone, so that a repeated key gets the same bytes whatever happened since.
http::response twin::answer(std::uint32_t entry_number) const {
  const auto& e = books_.entry_at(entry_number);
  const auto& of = books_.charge_at(e.charge);
  const auto reason = books_.reason_of(e);
  const bool is_refund = e.kind == entry_kind::refund || reason == refund_failed;
  if (e.kind == entry_kind::refuse && !is_refund)
    return fail(409, reason, explain(reason));
  std::string body = "{\"id\":\"";
  body += is_refund ? books_.refund_id_of(entry_number) : books_.id_of(e.charge);
  body += "\",\"status\":";
  if (is_refund) {
    wire::append_json(body, e.kind == entry_kind::refund ? "succeeded" : "failed");
    body += ",\"paymentId\":\"" + books_.id_of(e.charge) + "\",\"amount\":";
    wire::append(body, e.amount);
    body += '}';
    return respond(201, std::move(body));
  }
  wire::append_json(body, status_name(e.status));
  if (e.kind != entry_kind::charge) {
    body += '}';
    return respond(200, std::move(body));
  }
  body += ",\"amount\":";
  wire::append(body, e.amount);
  body += ",\"currency\":";
  wire::append_json(body, of.currency.code());
  body += ",\"reference\":";
  wire::append_json(body, books_.reference_of(of));
  if (!reason.empty()) {
    body += ",\"reason\":";
    wire::append_json(body, reason);
  }
  body += '}';
  return respond(201, std::move(body));
}

bool twin::allowed(const http::request& r, time_point now) const {
  const auto token = wire::parse_bearer(http::find(r.fields, "Authorization"));
  if (!token.starts_with(token_prefix))
    return !token.empty() && (options_.token.empty() || token == options_.token);
  const auto digits = token.substr(token_prefix.size());
  if (digits.size() != 26)
    return false;
  const auto expires_s = wire::parse_hex(digits.substr(0, 10));
  const auto seal = wire::parse_hex(digits.substr(10));
  return expires_s && seal && *seal == seal_of(static_cast<std::int64_t>(*expires_s))
         && now.time_since_epoch() < std::chrono::seconds{*expires_s};
}

// A sandbox guards no money: this only has to tell its own tokens from others after a restart.
std::uint64_t twin::seal_of(std::int64_t expires_s) const {
  return fnv1a(std::to_string(expires_s), fnv1a(options_.client_secret, fnv1a("troupe-sandbox")));
}

} // namespace troupe::payment::rest
