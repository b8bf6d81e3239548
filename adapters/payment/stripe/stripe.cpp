#include "adapters/payment/stripe/stripe.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/stripe/codec.hpp"

#include <map>
#include <memory>

namespace troupe::payment::stripe {

namespace {

constexpr int recent_pages_max = 5; // of 100 PaymentIntents
constexpr std::size_t unseen_max = 10'000;

/// One search on its way.
struct inquiry {
  request_context context;
  std::string reference;
  caf::typed_response_promise<payments> reply;
  std::vector<payment_id> hits; // still to be asked for
  payments found;
};

class stripe_state {
public:
  static constexpr const char* name = "payment.stripe";

  stripe_state(provider_actor::pointer self, options configured, http::client_actor client, clock_fn now,
               random_fn random)
    : self_(self), way_{std::move(client), configured.base_url, configured.timeout, std::move(now), std::move(random)},
      credentials_("Bearer " + configured.api_key), version_(std::move(configured.version)),
      search_lag_(configured.search_lag) {}

  provider_actor::behavior_type make_behavior() {
    return {
      [this](const request_context& context, const authorize& x) {
        unseen_.erase(x.reference);
        return write<payment>(context, x);
      },
      [this](const request_context& context, const capture& x) { return write<payment>(context, x); },
      [this](const request_context& context, const void_payment& x) { return write<payment>(context, x); },
      [this](const request_context& context, const refund& x) { return write<refunded>(context, x); },
      [this](const request_context& context, const find_payments& x) { return find(context, x); },
    };
  }

private:
  using inquiry_ptr = std::shared_ptr<inquiry>;

  caf::expected<http::call> sign(const request_context& context, http::request message) {
    message.fields.emplace_back("Authorization", credentials_);
    message.fields.emplace_back("Stripe-Version", version_);
    return make_call(way_, context, std::move(message));
  }

  template <class Answer, class Command> caf::result<Answer> write(const request_context& context, const Command& x) {
    auto message = encode(x);
    if (!message)
      return std::move(message.error());
    auto call = sign(context, std::move(*message));
    if (!call)
      return std::move(call.error());
    auto reply = self_->make_response_promise<Answer>();
    exchange(self_, way_, std::move(*call), effect::write, reply,
             [this, x](const http::response& answer) { return decode(x, answer, way_.now()); });
    return reply;
  }

  // ---- finding ----

  caf::result<payments> find(const request_context& context, const find_payments& x) {
    auto asked = std::make_shared<inquiry>();
    asked->context = context;
    asked->reference = x.reference;
    asked->reply = self_->make_response_promise<payments>();
    read(asked, encode_search(x.reference), [this, asked](const http::response& answer) {
      auto hits = decode_page(asked->reference, answer, way_.now());
      if (!hits)
        return asked->reply.deliver(hits.error());
      if (hits->more)
        return asked->reply.deliver(caf::make_error(ec::bad_response)); // a hundred payments of one order
      for (const auto& hit : hits->items)
        asked->hits.push_back(hit.id);
      asked->hits.empty() ? look_at_recent(asked) : retrieve_next(asked);
    });
    return asked->reply;
  }

  void retrieve_next(const inquiry_ptr& asked) {
    if (asked->hits.empty())
      return asked->reply.deliver(std::move(asked->found));
    const auto id = std::move(asked->hits.back());
    asked->hits.pop_back();
    read(asked, encode_retrieve(id), [this, asked](const http::response& answer) {
      auto current = decode_retrieved(answer, way_.now());
      if (!current)
        return asked->reply.deliver(current.error());
      asked->found.items.push_back(std::move(*current));
      retrieve_next(asked);
    });
  }

  void look_at_recent(const inquiry_ptr& asked) {
    if (asked->reference == probe_reference || search_lag_ <= duration::zero() || was_unseen_long_ago(asked->reference))
      return answer_none(asked);
    // Twice the lag, because our clock and Stripe's differ.
    read_recent(asked, way_.now() - 2 * search_lag_, {}, 1);
  }

  void read_recent(const inquiry_ptr& asked, time_point from, const payment_id& after, int page_number) {
    read(asked, encode_list(from, after), [this, asked, from, page_number](const http::response& answer) {
      auto recent = decode_page(asked->reference, answer, way_.now());
      if (!recent)
        return asked->reply.deliver(recent.error());
      for (auto& x : recent->items)
        asked->found.items.push_back(std::move(x));
      if (recent->more && page_number < recent_pages_max)
        return read_recent(asked, from, recent->last, page_number + 1);
      if (!asked->found.items.empty())
        return asked->reply.deliver(std::move(asked->found));
      if (!recent->more)
        return answer_none(asked);
      answer_too_early(asked);
    });
  }

  bool was_unseen_long_ago(const std::string& reference) const {
    const auto at = unseen_.find(reference);
    return at != unseen_.end() && way_.now() - at->second >= search_lag_;
  }

  void answer_none(const inquiry_ptr& asked) {
    unseen_.erase(asked->reference);
    asked->reply.deliver(payments{});
  }

  void answer_too_early(const inquiry_ptr& asked) {
    if (unseen_.size() >= unseen_max)
      unseen_.clear(); // whoever asks again waits once more
    const auto since = unseen_.try_emplace(asked->reference, way_.now()).first->second;
    asked->reply.deliver(wait_and_retry(ec::unavailable, search_lag_ - (way_.now() - since)));
  }

  template <class Then> void read(const inquiry_ptr& asked, http::request message, Then then) {
    auto call = sign(asked->context, std::move(message));
    if (!call)
      return asked->reply.deliver(std::move(call.error()));
    self_->request(way_.client, caf::infinite, std::move(*call)).then(std::move(then), [asked](const caf::error& e) {
      asked->reply.deliver(failure_of(e, effect::read));
    });
  }

  provider_actor::pointer self_;
  way_out way_;
  std::string credentials_;
  std::string version_;
  duration search_lag_;
  std::map<std::string, time_point> unseen_; // references, by the first of the searches that did not find them
};

} // namespace

provider_actor spawn_stripe(caf::actor_system& system, options configured, http::client_actor client, clock_fn now,
                            random_fn random) {
  return system.spawn<provider_actor::stateful_impl<stripe_state>>(std::move(configured), std::move(client),
                                                                   std::move(now), std::move(random));
}

} // namespace troupe::payment::stripe
