#include "gateways/http/routes/order_json.hpp"

#include "gateways/http/routes/json_text.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string{} : found->get<std::string>();
}

order::address to_address(const json& x) {
  return {text_of(x, "name"),   text_of(x, "line1"),      text_of(x, "line2"),  text_of(x, "city"),
          text_of(x, "region"), text_of(x, "postalCode"), text_of(x, "country")};
}

ordered_json line_json(const order::view_line& x) {
  ordered_json out{{"sku", x.sku.value}, {"quantity", x.units}};
  if (x.price)
    out["price"] = to_json(*x.price);
  if (x.amount)
    out["amount"] = to_json(*x.amount);
  return out;
}

ordered_json moment_json(const order::view_moment& x, bool for_operator) {
  ordered_json out{{"at", to_rfc3339(x.at)}, {"what", x.what}};
  // Why something was paused is the operators' own affair.
  if (!x.detail.empty() && (for_operator || x.what != "paused"))
    out["detail"] = x.detail;
  return out;
}

std::string line_v1_text(const order::view_line& x) {
  return json_object({{"sku", json_string(x.sku.value)},
                      {"quantity", std::to_string(x.units)},
                      {"unit_price", json_decimal(x.price)},
                      {"amount", json_decimal(x.amount)}});
}

/// Beside the order itself, what can be asked of it in this state.
ordered_json links_json(const order::view& x) {
  const auto self = order_path(x.id);
  ordered_json out{{"self", self}, {"events", self + "/events"}};
  if (x.status == order::status::processing || x.status == order::status::confirmed)
    out["cancel"] = self + "/cancel";
  if (x.status == order::status::processing && x.authorized.minor > 0 && x.captured.minor == 0)
    out["capture"] = self + "/capture";
  return out;
}

/// How it stands, and why when it did not go well.
ordered_json head_json(const order::view& x, bool with_personal) {
  ordered_json out{{"orderId", x.id.value}, {"status", order::name_of(x.status)}, {"message", x.message}};
  if (const auto reason = told_reason(x, with_personal); !reason.empty())
    out["reason"] = reason;
  if (x.refused_line)
    out["refusedItem"] = "/items/" + std::to_string(*x.refused_line);
  return out;
}

/// Money of nothing has no currency; people read it in the order's.
money in_currency_of(const order::view& order, money x) {
  return x.minor == 0 ? money{0, order.currency} : x;
}

} // namespace

std::variant<order::place, std::vector<wrong_field>> to_place(const json& body, order_id id,
                                                              const order_defaults& defaults) {
  std::vector<wrong_field> wrong;
  order::place out;
  out.id = std::move(id);
  out.customer = customer_id{text_of(body, "customerId")};
  out.email = text_of(body, "email");
  out.capture_at_once = defaults.capture_at_once;
  if (const auto known = currency::parse(text_of(body, "currency")))
    out.currency = *known;
  else
    wrong.push_back({"/currency", "This is not an active currency code of ISO 4217."});
  std::set<std::string> seen;
  const auto& items = body.at("items");
  out.items.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto sku = text_of(items[i], "sku");
    if (!seen.insert(sku).second)
      wrong.push_back(
        {"/items/" + std::to_string(i) + "/sku", "This SKU stands in an earlier item; add the quantities."});
    out.items.push_back({sku_id{std::move(sku)}, items[i].at("quantity").get<std::uint32_t>()});
  }
  const auto& payment = body.at("payment");
  out.method = text_of(payment, "method");
  out.provider = payment.contains("provider") ? text_of(payment, "provider") : defaults.provider;
  if (!defaults.providers.contains(out.provider))
    wrong.push_back({"/payment/provider", "No payment provider of this name is configured."});
  if (const auto shipping = body.find("shippingAddress"); shipping != body.end())
    out.shipping = to_address(*shipping);
  if (!wrong.empty())
    return wrong;
  return out;
}

ordered_json to_json(const money& x) {
  return {{"amount", x.minor}, {"currency", x.currency.code()}};
}

std::string mask_email(std::string_view email) {
  const auto at = email.rfind('@');
  if (at == std::string_view::npos)
    return email.empty() ? "" : "***";
  // The first character, with the rest of its bytes in UTF-8, unless it is all there is before the @.
  std::size_t first = at > 0 ? 1 : 0;
  while (first < at && (static_cast<unsigned char>(email[first]) & 0xC0) == 0x80)
    ++first;
  return std::string{first < at ? email.substr(0, first) : ""} + "***" + std::string{email.substr(at)};
}

std::string told_reason(const order::view& x, bool with_personal) {
  // Of a cancellation it is a customer's own text, and before the end it is not known whose it is.
  const bool may_be_personal = x.status == order::status::cancelled || x.status == order::status::refunded
                               || x.status == order::status::processing;
  return may_be_personal && !with_personal ? std::string{} : x.reason;
}

std::string order_path(const order_id& id) {
  return "/api/v2/orders/" + id.value;
}

ordered_json receipt_json(const order::view& x) {
  auto out = head_json(x, false);
  out["links"] = links_json(x);
  return out;
}

ordered_json order_v2_json(const order::view& x, bool with_personal) {
  auto out = head_json(x, with_personal);
  if (x.paused && with_personal) {
    out["message"] = "Paused: " + x.paused->reason;
    out["paused"] = {{"what", x.paused->what}, {"reason", x.paused->reason}, {"since", to_rfc3339(x.paused->since)}};
  }
  out["customerId"] = x.customer.value;
  out["email"] = with_personal ? x.email : mask_email(x.email);
  out["currency"] = x.currency.code();
  auto& items = out["items"] = ordered_json::array();
  for (const auto& line : x.lines)
    items.push_back(line_json(line));
  auto& amounts = out["amounts"] = ordered_json::object();
  if (x.total)
    amounts["total"] = to_json(*x.total);
  amounts["authorized"] = to_json(in_currency_of(x, x.authorized));
  amounts["captured"] = to_json(in_currency_of(x, x.captured));
  amounts["refunded"] = to_json(in_currency_of(x, x.refunded));
  auto& payment = out["payment"] = ordered_json{{"provider", x.provider}};
  if (!x.payment.value.empty())
    payment["id"] = x.payment.value;
  out["placedAt"] = to_rfc3339(x.placed_at);
  out["updatedAt"] = to_rfc3339(x.updated_at);
  out["version"] = x.version;
  auto& timeline = out["timeline"] = ordered_json::array();
  for (const auto& moment : x.timeline)
    timeline.push_back(moment_json(moment, with_personal));
  out["links"] = links_json(x);
  return out;
}

std::string order_v1_text(const order::view& x, bool with_personal) {
  const auto reason = told_reason(x, with_personal);
  std::string items;
  for (const auto& line : x.lines)
    items.append(items.empty() ? "[" : ",").append(line_v1_text(line));
  return json_object({{"order_id", json_string(x.id.value)},
                      {"status", json_string(order::name_of(x.status))},
                      {"message", json_string(x.message)},
                      {"reason", reason.empty() ? "null" : json_string(reason)},
                      {"customer_id", json_string(x.customer.value)},
                      {"email", json_string(with_personal ? x.email : mask_email(x.email))},
                      {"currency", json_string(x.currency.code())},
                      {"items", items.empty() ? "[]" : items + "]"},
                      {"total_amount", json_decimal(x.total)},
                      {"captured_amount", to_decimal(in_currency_of(x, x.captured))},
                      {"refunded_amount", to_decimal(in_currency_of(x, x.refunded))},
                      {"payment_provider", json_string(x.provider)},
                      {"payment_id", x.payment.value.empty() ? "null" : json_string(x.payment.value)},
                      {"created_at", json_string(to_rfc3339(x.placed_at))},
                      {"updated_at", json_string(to_rfc3339(x.updated_at))},
                      {"version", std::to_string(x.version)}});
}

} // namespace troupe::gateway
