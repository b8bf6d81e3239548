// gateways/http/routes/order_json.hpp: orders as clients write and read them. Pure.
#pragma once

#include "actors/order/order_actor.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::gateway {

/// A field of a body that fits its schema and is wrong all the same.
struct wrong_field {
  std::string pointer; // JSON pointer (RFC 6901)
  std::string detail;

  bool operator==(const wrong_field&) const = default;
};

/// What an order takes from the configuration.
struct order_defaults {
  std::string provider;            // of an order that names none
  std::set<std::string> providers; // configured names
  bool capture_at_once = true;

  bool operator==(const order_defaults&) const = default;
};

/// The command behind a body that fits the schema of POST /api/v2/orders, or every field that is wrong. `id` is given
/// by the caller.
std::variant<order::place, std::vector<wrong_field>> to_place(const nlohmann::json& body, order_id id,
                                                              const order_defaults& defaults);

/// `{amount, currency}`, the amount in minor units.
nlohmann::ordered_json to_json(const money& x);

/// `a***@example.com`: enough to recognize one's own address, too little to learn another's.
std::string mask_email(std::string_view email);

/// `{orderId, status, message, links}`.
nlohmann::ordered_json receipt_json(const order::view& x);

/// The whole order, camelCase, amounts in minor units. Without `with_personal` its email is masked.
nlohmann::ordered_json order_v2_json(const order::view& x, bool with_personal);

/// The whole order as text, snake_case, amounts as decimal numbers made exactly from the minor units.
std::string order_v1_text(const order::view& x, bool with_personal);

/// Why an order did not go well; empty for one that did, and where only an operator may read it.
std::string told_reason(const order::view& x, bool with_personal);

/// Where the v2 form of an order is.
std::string order_path(const order_id& id);

} // namespace troupe::gateway
