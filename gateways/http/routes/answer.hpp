// gateways/http/routes/answer.hpp: what the routes of all resources share.
#pragma once

#include "gateways/http/route.hpp"
#include "gateways/http/routes/explanation.hpp"
#include "gateways/http/routes/order_json.hpp"
#include "gateways/http/routes/services.hpp"

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gateway {

/// A coroutine that answers with `Value`.
template <class Value> using eventually = boost::asio::awaitable<Value>;

/// JSON with its members in the order in which they were written.
http::response answer(int status, const nlohmann::ordered_json& body, http::headers fields = {});

/// JSON that is text already.
http::response answer_text(int status, std::string body);

/// The problem that `x` tells of; for an error that is no rejection, its `failure`.
http::response refusal(const explanation& x);
http::response refusal(const caf::error& x);

/// A body that fits its schema and is wrong all the same: the same problem as one that does not fit.
http::response wrong_body(const std::vector<wrong_field>& fields);

/// 400: something beside the body is wrong; `where` says what, as people write it: "query parameter as_of".
http::response wrong_request(std::string_view where, std::string detail);

/// 503 with Retry-After when the node takes no new work now; nothing otherwise.
std::optional<http::response> refused_for_overload(const services& behind);

/// Whether the caller sent the operator key.
bool is_operator(const incoming& in);

inline constexpr std::string_view sku_pattern = "^[A-Za-z0-9][A-Za-z0-9._:~+-]{0,127}$";
bool is_sku(std::string_view text);                                             // whether it fits sku_pattern
inline constexpr std::string_view printable_pattern = "^[^\\x00-\\x1f\\x7f]*$"; // text for people, on one line

/// Schemas that several routes use.
nlohmann::json sku_schema();
nlohmann::json money_schema();
nlohmann::json object_schema(nlohmann::json properties, std::vector<std::string> required);
nlohmann::json described(nlohmann::json schema, std::string description);
nlohmann::json with_example(nlohmann::json schema, std::string_view example); // JSON
documented_parameter sku_parameter();

/// A further path of a row. Operation ids are unique, so it gets one of its own: the row's with `suffix`.
struct alias {
  std::string path;
  std::string suffix;
};
void add_with_aliases(router& table, const route& row, std::initializer_list<alias> aliases);

} // namespace troupe::gateway
