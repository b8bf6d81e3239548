// actors/notification/confirmation.hpp: the mail that tells a customer that an order is confirmed.
#pragma once

#include "actors/notification/notification.hpp"
#include "actors/order/order_actor.hpp"

namespace troupe::notification {

/// The request for the confirmation of `x`: one mail per order. The model of its template `order_confirmation` has
/// `orderId`, `placedOn` (a date in UTC), `total`, and per item `sku`, `quantity`, `price` and `amount`; amounts are
/// exact and name their currency, as in "25.80 EUR".
request_mail confirmation_of(const order::view& x);

} // namespace troupe::notification
