#include "adapters/payment/rest/codec.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/failure.hpp"
#include "adapters/payment/wire_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::payment::rest {

namespace {

using nlohmann::json;

constexpr std::size_t id_bytes_max = 255;

http::request write(std::string target, const std::string& key, std::string body) {
  http::request result{"POST", std::move(target), {{"Idempotency-Key", key}, {"Accept", "application/json"}}, {}};
  if (!body.empty())
    result.fields.emplace_back("Content-Type", "application/json");
  result.body = std::move(body);
  return result;
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  wire::append_json(out, text);
}

std::string path_of(const payment_id& id, std::string_view step) {
  return "/payments/" + percent_encoded(id.value) + std::string{step};
}

/// The text of a member; nothing when it is missing or no text.
std::string text(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

std::optional<std::string> id_in(const json& object) {
  auto id = text(object, "id");
  const bool visible = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (id.empty() || id.size() > id_bytes_max || !visible)
    return std::nullopt;
  return id;
}

payment_status payment_status_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, payment_status>, 5> known{{
    {"authorized", payment_status::authorized},
    {"captured", payment_status::captured},
    {"declined", payment_status::declined},
    {"pending", payment_status::pending},
    {"voided", payment_status::voided},
  }};
  for (const auto& [text, status] : known)
    if (text == name)
      return status;
  return payment_status::pending;
}

refund_status refund_status_of(std::string_view name) {
  if (name == "succeeded")
    return refund_status::succeeded;
  return name == "failed" ? refund_status::failed : refund_status::pending;
}

money amount_in(const json& object, const money& otherwise) {
  const auto at = object.find("amount");
  const auto currency = currency::parse(text(object, "currency"));
  if (at == object.end() || !at->is_number_integer() || !currency)
    return otherwise;
  return {at->get<std::int64_t>(), *currency};
}

caf::expected<payment> payment_in(const json& object, const money& asked) {
  if (!object.is_object())
    return caf::make_error(ec::bad_response);
  auto id = id_in(object);
  const auto status = text(object, "status");
  if (!id || status.empty())
    return caf::make_error(ec::bad_response);
  return payment{std::move(*id), payment_status_of(status), amount_in(object, asked), text(object, "reason")};
}

json parse(const http::response& answer) {
  return json::parse(answer.body, nullptr, false);
}

bool is_success(const http::response& answer) {
  return answer.status >= 200 && answer.status < 300;
}

/// `{"error": {"code": …}}`.
std::string error_code_in(const json& body) {
  if (!body.is_object())
    return {};
  const auto error = body.find("error");
  return error != body.end() && error->is_object() ? text(*error, "code") : std::string{};
}

payment decline_in(const json& body, const money& asked) {
  payment result{{}, payment_status::declined, asked, error_code_in(body)};
  if (body.is_object()) {
    result.id = id_in(body).value_or("");
    if (result.reason.empty())
      result.reason = text(body, "reason");
  }
  if (result.reason.empty())
    result.reason = "declined";
  return result;
}

caf::error failure_to_write(const http::response& answer, time_point now) {
  constexpr std::array<std::string_view, 5> state_forbids{"not_authorized", "already_voided", "exceeds_authorized",
                                                          "not_captured", "exceeds_captured"};
  if (answer.status == 409) {
    const auto code = error_code_in(parse(answer));
    if (std::find(state_forbids.begin(), state_forbids.end(), code) != state_forbids.end())
      return caf::make_error(ec::refused);
  }
  return failure_of(answer, effect::write, now);
}

caf::expected<payment> decode_write(const http::response& answer, const money& asked, time_point now) {
  if (is_success(answer))
    return payment_in(parse(answer), asked);
  if (answer.status == 402)
    return decline_in(parse(answer), asked);
  return failure_to_write(answer, now);
}

} // namespace

http::request encode(const authorize& x) {
  std::string body = "{\"amount\":";
  wire::append(body, x.amount.minor);
  append_member(body, "reference", x.reference);
  append_member(body, "currency", x.amount.currency.code());
  append_member(body, "method", x.method);
  body += ",\"capture\":false}";
  return write("/payments", x.key, std::move(body));
}

http::request encode(const capture& x) {
  std::string body = "{\"amount\":";
  wire::append(body, x.amount.minor);
  body += '}';
  return write(path_of(x.id, "/capture"), x.key, std::move(body));
}

http::request encode(const void_payment& x) {
  return write(path_of(x.id, "/void"), x.key, {});
}

http::request encode(const refund& x) {
  std::string body = "{\"amount\":";
  wire::append(body, x.amount.minor);
  append_member(body, "paymentId", x.id.value);
  body += '}';
  return write("/refunds", x.key, std::move(body));
}

http::request encode(const find_payments& x) {
  return {"GET", "/payments?reference=" + percent_encoded(x.reference), {{"Accept", "application/json"}}, {}};
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
  if (!is_success(answer))
    return failure_to_write(answer, now);
  const auto body = parse(answer);
  if (!body.is_object())
    return caf::make_error(ec::bad_response);
  auto id = id_in(body);
  const auto status = text(body, "status");
  if (!id || status.empty())
    return caf::make_error(ec::bad_response);
  return refunded{std::move(*id), refund_status_of(status)};
}

caf::expected<payments> decode(const find_payments& asked, const http::response& answer, time_point now) {
  if (answer.status != 200)
    return failure_of(answer, effect::read, now);
  const auto body = parse(answer);
  const auto list = body.is_object() ? body.find("payments") : body.end();
  if (!body.is_object() || list == body.end() || !list->is_array())
    return caf::make_error(ec::bad_response);
  payments result;
  for (const auto& item : *list) {
    auto found = payment_in(item, {});
    if (!found)
      return found.error();
    // A provider that overlooks the query would hand us other people's payments.
    if (const auto reference = item.find("reference"); reference != item.end() && *reference != asked.reference)
      continue;
    result.items.push_back(std::move(*found));
  }
  return result;
}

} // namespace troupe::payment::rest
