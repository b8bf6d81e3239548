#include "actors/catalog/catalog_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/payment/provider.hpp"
#include "tests/actors/wire/samples.hpp"

namespace troupe::wire {

namespace {

using namespace std::chrono_literals;

order::place placed() {
  order::place x;
  x.id = "0195a1b2-0000-7000-8000-000000000001";
  x.customer = "c-42";
  x.email = "ada@example.com";
  x.currency = *currency::parse("EUR");
  x.items = {{"book", 2}, {"pen", 1}};
  x.provider = "sandbox";
  x.method = "pm_card_visa";
  x.shipping = order::address{"Ada", "1 Street", "2nd floor", "Town", "County", "12345", "GB"};
  x.capture_at_once = false;
  x.fresh = true;
  return x;
}

order::view seen() {
  order::view x;
  x.id = "0195a1b2-0000-7000-8000-000000000001";
  x.status = order::status::review;
  x.message = "Technical issue";
  x.reason = order::review_reason::no_answer;
  x.refused_line = 3;
  x.customer = "c-42";
  x.email = "ada@example.com";
  x.currency = *currency::parse("EUR");
  x.lines = {{"book", 2, euros(645), euros(1290)}, {"pen", 1, std::nullopt, std::nullopt}};
  x.total = euros(1290);
  x.authorized = euros(1289);
  x.captured = euros(1288);
  x.refunded = euros(1287);
  x.provider = "sandbox";
  x.payment = "pay_1";
  x.placed_at = noon;
  x.updated_at = noon + 1s;
  x.version = 7;
  x.timeline = {{noon, "placed", ""}, {noon + 1s, "sent_to_review", "capture: no answer"}};
  x.paused = order::view_pause{"provider/sandbox", "they asked us to", noon + 2s};
  x.reviewed = order::step::capture;
  x.reviews = 2;
  return x;
}

void add_order(samples& to) {
  to.add("all", placed());
  auto bare = placed();
  bare.shipping.reset();
  to.add("no_address", bare);
  to.add("all", order::get_order{"o-1"});
  to.add("all", order::await_end{"o-1"});
  to.add("all", order::cancel{"o-1", "the customer asked"});
  to.add("all", order::capture{"o-1"});
  to.add("all", order::reopen{"o-1", "r-1"});
  to.add("all", order::payment_news{"o-1"});
  to.add("all", order::look{"o-1"});
  to.add("all", seen());
  to.add_with_each<order::status>([](order::status x) {
    order::view out;
    out.status = x;
    return out;
  });
  to.add_with_each<order::step>([](order::step x) {
    order::view out;
    out.reviewed = x;
    return out;
  });
  to.add_values<order::rejection>();
}

void add_inventory(samples& to) {
  to.add("all", inventory::set_available{"book", 3});
  to.add("all", inventory::reserve{"book", "o-1/0", 2, 5min});
  to.add("all", inventory::release{"book", "o-1/0"});
  to.add("all", inventory::allocate{"book", "o-1/0"});
  to.add("all", inventory::take_back{"book", "o-1/0", 2});
  to.add("all", inventory::extend{"book", "o-1/0", 24h});
  to.add("all", inventory::get_stock{"book"});
  to.add("all", inventory::stock{"book", 1, 2, 3, 4});
  to.add_values<inventory::rejection>();
}

void add_catalog(samples& to) {
  to.add("all", catalog::put_product{"book", "A book", euros(645)});
  to.add("all", catalog::get_product{"book"});
  to.add("all", catalog::product{"book", "A book", euros(645), 2});
  to.add_values<catalog::rejection>();
}

void add_idempotency(samples& to) {
  to.add("all", idempotency::claim{"c-42 POST /orders k-1", 0xfedcba9876543210, "o-1"});
  to.add("all", idempotency::claimed{"o-1", true});
  to.add_values<idempotency::rejection>();
}

void add_payment(samples& to) {
  const payment::tried once{noon, "authorize", "retried", "no answer for 500 ms"};
  to.add("all", payment::authorize{"o-1", "o-1.authorize", euros(1290), "pm_card_visa"});
  to.add("all", payment::capture{"pay_1", "o-1.capture", euros(1290)});
  to.add("all", payment::void_payment{"pay_1", "o-1.void"});
  to.add("all", payment::refund{"pay_1", "o-1.refund", euros(1290)});
  to.add("all", payment::find_payments{"o-1"});
  to.add_values<payment::payment_status>();
  to.add_values<payment::refund_status>();
  const payment::payment found{"pay_1", payment::payment_status::captured, euros(1290), "insufficient_funds", {once}};
  to.add("all", found);
  to.add("all", payment::refunded{"re_1", payment::refund_status::failed, {once}});
  to.add("all", payment::payments{{found}, {once}});
  to.add("all", once);
  to.add("two", std::vector{once, once});
}

} // namespace

void add_commerce(samples& to) {
  add_order(to);
  add_inventory(to);
  add_catalog(to);
  add_idempotency(to);
  add_payment(to);
}

} // namespace troupe::wire
