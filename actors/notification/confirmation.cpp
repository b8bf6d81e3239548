#include "actors/notification/confirmation.hpp"

#include "actors/kernel/json_writer.hpp"

namespace troupe::notification {

namespace {

std::string shown(const std::optional<money>& x) {
  return x ? to_decimal(*x) + ' ' + std::string{x->currency.code()} : std::string{};
}

} // namespace

request_mail confirmation_of(const order::view& x) {
  request_mail result;
  result.id = x.id.value + "/confirmation";
  result.to.address = x.email;
  result.template_name = "order_confirmation";
  json_writer out{result.model};
  out.begin_object()
    .member("orderId", x.id.value)
    .member("placedOn", to_rfc3339(x.placed_at).substr(0, 10))
    .member("total", shown(x.total))
    .key("items")
    .begin_array();
  for (const auto& line : x.lines)
    out.begin_object()
      .member("sku", line.sku.value)
      .member("quantity", line.units)
      .member("price", shown(line.price))
      .member("amount", shown(line.amount))
      .end_object();
  out.end_array().end_object();
  return result;
}

} // namespace troupe::notification
