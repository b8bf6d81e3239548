#include "supervisors/dead_letters/reviews.hpp"

#include "actors/order/order_entity.hpp"
#include "supervisors/dead_letters/effects.hpp"
#include "supervisors/dead_letters/letter_sink.hpp"

namespace troupe {

namespace {

struct orders_in_review {
  using answer = order::view;

  order::order_actor actor;

  static order::get_order question(const std::string& key) { return {{key}}; }
  static std::optional<dead_letter::record> letter_of(const answer& x) {
    return x.reviewed ? std::optional{reviewed_order(x)} : std::nullopt;
  }
};

} // namespace

outlet::definition review_letters(outlet::sink_actor sink) {
  outlet::definition out;
  out.name = "reviews";
  out.context = order::traits::context;
  out.types = {"order.sent_to_review"};
  out.sink = std::move(sink);
  return out;
}

outlet::sink_actor spawn_review_letter_sink(const supervision::place& where, order::order_actor orders,
                                            dead_letter::dead_letter_actor letters) {
  return spawn_letter_sink(where, orders_in_review{std::move(orders)}, std::move(letters));
}

} // namespace troupe
