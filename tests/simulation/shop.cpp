#include "tests/simulation/shop.hpp"

#include "actors/kernel/uuid.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace troupe::simulation {

namespace {

constexpr std::size_t products = 4;
constexpr std::string_view refund_fails = "tok_refund_failed";

currency eur() {
  return *currency::parse("EUR");
}

currency usd() {
  return *currency::parse("USD");
}

sku_id sku(std::size_t number) {
  return {"sku-" + std::to_string(number)};
}

} // namespace

void shop::open(const front& at) {
  for (std::size_t i = 0; i < products; ++i) {
    const auto price = money{static_cast<std::int64_t>(1 + random_.below(9'999)), i + 1 == products ? usd() : eur()};
    const auto units = static_cast<inventory::units_t>(2 + random_.below(2 * orders_));
    spawn_stocker(world_, audit_, at, {duration{0}, sku(i), price, units}, all_);
    skus_.push_back(sku(i));
  }
}

/// What this order may come to, whatever is done about it.
void shop::expect(const order::place& x) {
  if (x.method == refund_fails)
    audit_.allow_review(x.id, "the provider could not refund");
}

void shop::invite(const front& at) {
  for (std::size_t i = 0; i < orders_; ++i) {
    auto wish = make_plan(i);
    if (!wish.key.empty() && random_.chance(0.4)) {
      auto impatient = wish; // The same request once more, from somebody who did not wait.
      impatient.command.id = {make_uuid7(world_.true_time(), [this] { return random_(); })};
      impatient.begins_at += random_.between(duration{0}, duration{300});
      expect(impatient.command);
      spawn_client(world_, audit_, at, std::move(impatient), all_);
    }
    expect(wish.command);
    chosen_ = wish.command.id;
    spawn_client(world_, audit_, at, std::move(wish), all_);
  }
  for (std::size_t i = 0; i < orders_ / 4; ++i) {
    hold_plan wish;
    wish.begins_at = random_.between(duration{0}, opening_hours);
    wish.command = {sku(random_.below(products)),
                    {"basket-" + std::to_string(i) + "/0"},
                    static_cast<inventory::units_t>(1 + random_.below(2)),
                    std::chrono::seconds{60}};
    wish.releases = random_.chance(0.4);
    wish.releases_first = !wish.releases && random_.chance(0.3);
    spawn_holder(world_, audit_, at, std::move(wish), all_);
  }
  if (random_.chance(0.5)) {
    stocking more;
    more.begins_at = random_.between(duration{0}, opening_hours);
    more.sku = sku(random_.below(products));
    more.units = static_cast<inventory::units_t>(random_.below(20));
    spawn_stocker(world_, audit_, at, std::move(more), all_);
  }
}

plan shop::make_plan(std::size_t number) {
  plan x;
  x.begins_at = random_.between(duration{0}, opening_hours);
  auto& order = x.command;
  order.id = {make_uuid7(world_.true_time(), [this] { return random_(); })};
  order.customer = {"customer-" + std::to_string(number)};
  order.email = address();
  order.currency = eur();
  order.provider = "default";
  order.method = method();
  order.capture_at_once = random_.chance(0.75);
  // Most want what there is, some want what is sold in other money or not at all.
  const auto first = random_.below(products - 1);
  const auto lines = 1 + random_.below(3);
  for (std::size_t line = 0; line < lines; ++line)
    order.items.push_back({sku((first + line) % (products - 1)), static_cast<std::uint32_t>(1 + random_.below(3))});
  if (random_.chance(0.05))
    order.items.push_back({sku(random_.chance(0.5) ? products - 1 : products), 1});
  if (random_.chance(0.4))
    x.key = "key-" + std::to_string(number);
  if (random_.chance(0.2))
    x.cancel_after = random_.between(duration{0}, duration{8'000});
  if (!order.capture_at_once && random_.chance(0.8))
    x.capture_after = random_.between(duration{0}, duration{15'000});
  x.cancel_when_confirmed = random_.chance(0.2);
  return x;
}

std::string shop::address() {
  constexpr std::array special{"invalid@example.com", "blocked@example.com", "limited@example.com",
                               "unavailable@example.com", "bounce@example.com"};
  return random_.chance(0.2) ? special[random_.below(special.size())] : "someone@example.com";
}

std::string shop::method() {
  constexpr std::array special{std::string_view{"tok_declined"}, std::string_view{"tok_insufficient_funds"},
                               std::string_view{"tok_pending"}, std::string_view{"tok_pending_declined"}, refund_fails};
  return random_.chance(0.2) ? std::string{special[random_.below(special.size())]} : "tok_visa";
}

} // namespace troupe::simulation
