#include "adapters/payment/stripe/codec.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/failure.hpp"
#include "adapters/payment/wire_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::payment::stripe {

namespace {

using nlohmann::json;

constexpr std::size_t id_bytes_max = 255;
constexpr duration lock_wait{1'000};

/// `application/x-www-form-urlencoded`, in the order of the calls.
class form {
public:
  form& add(std::string_view name, std::string_view value) {
    if (!text_.empty())
      text_ += '&';
    text_ += name;
    text_ += '=';
    text_ += percent_encoded(value);
    return *this;
  }

  form& add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }

  std::string take() { return std::move(text_); }

private:
  std::string text_;
};

http::request write(std::string target, const std::string& key, form body) {
  return {"POST",
          std::move(target),
          {{"Idempotency-Key", key}, {"Content-Type", "application/x-www-form-urlencoded"}},
          body.take()};
}

std::string path_of(const payment_id& id, std::string_view step) {
  return "/v1/payment_intents/" + percent_encoded(id.value) + std::string{step};
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c + 32);
  return result;
}

std::string upper(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 32);
  return text;
}

std::string text(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

const json* object_in(const json& object, const char* name) {
  if (!object.is_object())
    return nullptr;
  const auto at = object.find(name);
  return at != object.end() && at->is_object() ? &*at : nullptr;
}

std::int64_t integer(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

std::optional<std::string> id_in(const json& object) {
  auto id = text(object, "id");
  const bool visible = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (id.empty() || id.size() > id_bytes_max || !visible)
    return std::nullopt;
  return id;
}

std::string decline_reason(const json& error) {
  auto reason = text(error, "decline_code");
  if (reason.empty())
    reason = text(error, "code");
  return reason.empty() ? "card_declined" : reason;
}

payment_status status_of(std::string_view name, bool has_failed) {
  if (name == "requires_capture")
    return payment_status::authorized;
  if (name == "succeeded")
    return payment_status::captured;
  if (name == "canceled")
    return payment_status::voided;
  // Ours are confirmed when they are made: back at this status, the card has declined.
  if (name == "requires_payment_method" && has_failed)
    return payment_status::declined;
  return payment_status::pending; // processing, requires_action, requires_confirmation, and what Stripe adds later
}

caf::expected<payment> intent_in(const json& object) {
  if (!object.is_object())
    return caf::make_error(ec::bad_response);
  auto id = id_in(object);
  const auto status = text(object, "status");
  if (!id || status.empty())
    return caf::make_error(ec::bad_response);
  const auto* last_error = object_in(object, "last_payment_error");
  payment result;
  result.id = std::move(*id);
  result.status = status_of(status, last_error != nullptr);
  const auto received = integer(object, "amount_received");
  const auto units = result.status == payment_status::captured && received > 0 ? received : integer(object, "amount");
  if (const auto currency = currency::parse(upper(text(object, "currency"))))
    result.amount = from_stripe_units(units, *currency);
  if (result.status == payment_status::declined)
    result.reason = decline_reason(*last_error);
  return result;
}

json parse(const http::response& answer) {
  return json::parse(answer.body, nullptr, false);
}

caf::error failure_to_write(const http::response& answer, const json& error, time_point now) {
  if (answer.status == 429 && text(error, "code") == "lock_timeout" && http::find(answer.fields, "Retry-After").empty())
    return wait_and_retry(ec::rate_limited, lock_wait);
  return failure_of(answer, effect::write, now);
}

caf::expected<payment> decode_write(const http::response& answer, const money& asked, time_point now) {
  const auto body = parse(answer);
  if (answer.status == 200)
    return intent_in(body);
  static const json none = json::object();
  const auto* given = object_in(body, "error");
  const auto& error = given ? *given : none;
  const auto* intent = object_in(error, "payment_intent");
  if (answer.status == 402) {
    payment declined{{}, payment_status::declined, asked, decline_reason(error)};
    if (intent)
      declined.id = id_in(*intent).value_or("");
    return declined;
  }
  if (answer.status == 400 && intent && text(error, "code") == "payment_intent_unexpected_state")
    return intent_in(*intent);
  return failure_to_write(answer, error, now);
}

} // namespace

std::optional<std::int64_t> to_stripe_units(const money& x) {
  const auto code = x.currency.code();
  if (code == "ISK" || code == "UGX")
    return x.minor > INT64_MAX / 100 ? std::nullopt : std::optional{x.minor * 100};
  if (code == "MGA")
    return x.minor % 100 != 0 ? std::nullopt : std::optional{x.minor / 100};
  return x.minor;
}

money from_stripe_units(std::int64_t units, troupe::currency currency) {
  const auto code = currency.code();
  if (code == "ISK" || code == "UGX")
    return {units / 100, currency};
  if (code == "MGA" && units <= INT64_MAX / 100)
    return {units * 100, currency};
  return {units, currency};
}

caf::expected<http::request> encode(const authorize& x) {
  const auto units = to_stripe_units(x.amount);
  if (!units)
    return caf::make_error(ec::refused);
  return write("/v1/payment_intents", x.key,
               form{}
                 .add("amount", *units)
                 .add("currency", lower(x.amount.currency.code()))
                 .add("payment_method", x.method)
                 .add("payment_method_types[]", "card")
                 .add("capture_method", "manual")
                 .add("confirm", "true")
                 .add("error_on_requires_action", "true")
                 .add("metadata[reference]", x.reference));
}

caf::expected<http::request> encode(const capture& x) {
  const auto units = to_stripe_units(x.amount);
  if (!units)
    return caf::make_error(ec::refused);
  return write(path_of(x.id, "/capture"), x.key, form{}.add("amount_to_capture", *units));
}

caf::expected<http::request> encode(const void_payment& x) {
  return write(path_of(x.id, "/cancel"), x.key, {});
}

caf::expected<http::request> encode(const refund& x) {
  const auto units = to_stripe_units(x.amount);
  if (!units)
    return caf::make_error(ec::refused);
  return write("/v1/refunds", x.key, form{}.add("payment_intent", x.id.value).add("amount", *units));
}

http::request encode_search(std::string_view reference) {
  std::string query = "metadata['reference']:'";
  for (const char c : reference) {
    if (c == '\'' || c == '\\')
      query += '\\';
    query += c;
  }
  query += '\'';
  return {"GET", "/v1/payment_intents/search?limit=100&query=" + percent_encoded(query), {}, {}};
}

http::request encode_retrieve(const payment_id& id) {
  return {"GET", path_of(id, ""), {}, {}};
}

http::request encode_list(time_point from, const payment_id& after) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(from).time_since_epoch().count();
  std::string target = "/v1/payment_intents?limit=100&created%5Bgte%5D=" + std::to_string(seconds);
  if (!after.value.empty())
    target += "&starting_after=" + percent_encoded(after.value);
  return {"GET", std::move(target), {}, {}};
}

caf::expected<payment> decode(const authorize& asked, const http::response& answer, time_point now) {
  return decode_write(answer, asked.amount, now);
}

caf::expected<payment> decode(const capture& asked, const http::response& answer, time_point now) {
  return decode_write(answer, asked.amount, now);
}

caf::expected<payment> decode(const void_payment&, const http::response& answer, time_point now) {
  return decode_write(answer, {}, now);
}

caf::expected<refunded> decode(const refund&, const http::response& answer, time_point now) {
  const auto body = parse(answer);
  if (answer.status != 200) {
    const auto* error = object_in(body, "error");
    return failure_to_write(answer, error ? *error : json::object(), now);
  }
  if (!body.is_object())
    return caf::make_error(ec::bad_response);
  auto id = id_in(body);
  const auto status = text(body, "status");
  if (!id || status.empty())
    return caf::make_error(ec::bad_response);
  if (status == "succeeded")
    return refunded{std::move(*id), refund_status::succeeded};
  const bool failed = status == "failed" || status == "canceled";
  return refunded{std::move(*id), failed ? refund_status::failed : refund_status::pending};
}

caf::expected<payment> decode_retrieved(const http::response& answer, time_point now) {
  if (answer.status != 200)
    return failure_of(answer, effect::read, now);
  return intent_in(parse(answer));
}

caf::expected<page> decode_page(std::string_view reference, const http::response& answer, time_point now) {
  if (answer.status != 200)
    return failure_of(answer, effect::read, now);
  const auto body = parse(answer);
  const auto data = body.is_object() ? body.find("data") : body.end();
  if (!body.is_object() || data == body.end() || !data->is_array())
    return caf::make_error(ec::bad_response);
  page result;
  for (const auto& item : *data) {
    auto intent = intent_in(item);
    if (!intent)
      return intent.error();
    result.last = intent->id;
    const auto* metadata = object_in(item, "metadata");
    if (metadata && text(*metadata, "reference") == reference)
      result.items.push_back(std::move(*intent));
  }
  const auto more = body.find("has_more");
  result.more = more != body.end() && more->is_boolean() && more->get<bool>() && !result.last.value.empty();
  return result;
}

} // namespace troupe::payment::stripe
