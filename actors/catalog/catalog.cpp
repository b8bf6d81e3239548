#include "actors/catalog/catalog.hpp"

namespace troupe::catalog {

namespace {

struct fold {
  state& s;

  void operator()(const product_created& e) {
    s.exists = true;
    s.title = e.title;
    s.price = e.price;
  }
  void operator()(const product_retitled& e) { s.title = e.title; }
  void operator()(const price_changed& e) { s.price = e.to; }
};

} // namespace

void state::apply(const event& e) {
  std::visit(fold{*this}, e); // A new event without an overload does not compile.
}

decision decide(const state& s, const put_product& cmd) {
  if (cmd.title.empty())
    return rejection::no_title;
  if (cmd.price.minor <= 0 || cmd.price.currency == currency{})
    return rejection::price_not_positive;
  if (!s.exists)
    return std::vector<event>{product_created{cmd.title, cmd.price}};
  std::vector<event> events;
  if (cmd.title != s.title)
    events.emplace_back(product_retitled{cmd.title});
  if (cmd.price != s.price)
    events.emplace_back(price_changed{s.price, cmd.price});
  return events;
}

} // namespace troupe::catalog
