#include "tests/simulation/bug.hpp"

#include "actors/entity/context.hpp"
#include "supervisors/supervision/reference.hpp"

#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace troupe::simulation {

namespace {

constexpr std::array bugs{bug::missing_idempotency_key,
                          bug::effect_before_commit,
                          bug::lost_compensation,
                          bug::immortal_hold,
                          bug::stale_snapshot,
                          bug::unsynced_write,
                          bug::forgotten_wake_up,
                          bug::forgotten_key,
                          bug::second_reservation,
                          bug::hasty_refund,
                          bug::breaker_stays_open,
                          bug::retried_refusal,
                          bug::retries_without_budget,
                          bug::lost_while_restarting,
                          bug::lost_dead_letter,
                          bug::forgotten_pause,
                          bug::no_fencing,
                          bug::lease_by_wall_clock,
                          bug::reply_before_hand_over,
                          bug::lost_at_hand_over};

payment::provider_actor::behavior_type forget_keys(payment::provider_actor::pointer self,
                                                   payment::provider_actor behind, random_fn random) {
  auto pass = [self, behind, random](request_context& context, auto& x) {
    x.key += '/' + std::to_string(random());
    return self->delegate(behind, std::move(context), std::move(x));
  };
  return {
    [pass](request_context& c, payment::authorize& x) { return pass(c, x); },
    [pass](request_context& c, payment::capture& x) { return pass(c, x); },
    [pass](request_context& c, payment::void_payment& x) { return pass(c, x); },
    [pass](request_context& c, payment::refund& x) { return pass(c, x); },
    [self, behind](request_context& c, payment::find_payments& x) {
      return self->delegate(behind, std::move(c), std::move(x));
    },
  };
}

payment::provider_actor::behavior_type skip_refunds(payment::provider_actor::pointer self,
                                                    payment::provider_actor behind) {
  auto pass = [self, behind](request_context& context, auto& x) {
    return self->delegate(behind, std::move(context), std::move(x));
  };
  return {
    [pass](request_context& c, payment::authorize& x) { return pass(c, x); },
    [pass](request_context& c, payment::capture& x) { return pass(c, x); },
    [pass](request_context& c, payment::void_payment& x) { return pass(c, x); },
    [](const request_context&, const payment::refund& x) {
      return payment::refunded{"refund of " + x.id.value, payment::refund_status::pending};
    },
    [pass](request_context& c, payment::find_payments& x) { return pass(c, x); },
  };
}

inventory::inventory_actor::behavior_type keep_sold(inventory::inventory_actor::pointer self,
                                                    inventory::inventory_actor behind) {
  auto pass = [self, behind](request_context& context, auto& x) {
    return self->delegate(behind, std::move(context), std::move(x));
  };
  auto look = [self, behind](request_context& context, const sku_id& sku) {
    return self->delegate(behind, std::move(context), inventory::get_stock{sku});
  };
  return {
    [pass](request_context& c, inventory::set_available& x) { return pass(c, x); },
    [pass](request_context& c, inventory::reserve& x) { return pass(c, x); },
    [look](request_context& c, inventory::release& x) { return look(c, x.sku); },
    [pass](request_context& c, inventory::allocate& x) { return pass(c, x); },
    [look](request_context& c, inventory::take_back& x) { return look(c, x.sku); },
    [pass](request_context& c, inventory::extend& x) { return pass(c, x); },
    [pass](request_context& c, inventory::get_stock& x) { return pass(c, x); },
  };
}

inventory::inventory_actor::behavior_type reserve_again(inventory::inventory_actor::pointer self,
                                                        inventory::inventory_actor behind) {
  auto pass = [self, behind](request_context& context, auto& x) {
    return self->delegate(behind, std::move(context), std::move(x));
  };
  auto count = std::make_shared<int>(0);
  return {
    [pass](request_context& c, inventory::set_available& x) { return pass(c, x); },
    [pass, count](request_context& c, inventory::reserve& x) {
      x.id.value += '#' + std::to_string(++*count);
      return pass(c, x);
    },
    [pass](request_context& c, inventory::release& x) { return pass(c, x); },
    [pass](request_context& c, inventory::allocate& x) { return pass(c, x); },
    [pass](request_context& c, inventory::take_back& x) { return pass(c, x); },
    [pass](request_context& c, inventory::extend& x) { return pass(c, x); },
    [pass](request_context& c, inventory::get_stock& x) { return pass(c, x); },
  };
}

idempotency::idempotency_actor::behavior_type always_first(idempotency::idempotency_actor::pointer) {
  return {[](const request_context&, const idempotency::claim& x) { return idempotency::claimed{x.subject, true}; }};
}

journal::journal_actor::behavior_type acknowledge_early(journal::journal_actor::pointer self,
                                                        journal::journal_actor behind) {
  auto pass = [self, behind](auto& x) { return self->delegate(behind, std::move(x)); };
  return {
    [self, behind](journal::append& x) -> caf::result<journal::appended> {
      const journal::appended answer{x.expected_version + x.events.size()};
      self->request(behind, caf::infinite, std::move(x))
        .then([](const journal::appended&) {}, [](const caf::error&) {});
      return answer;
    },
    [pass](journal::load& x) { return pass(x); },
    [pass](journal::forget& x) { return pass(x); },
    [pass](journal::read_stream& x) { return pass(x); },
    [pass](journal::read_shard& x) { return pass(x); },
    [pass](journal::read_due& x) { return pass(x); },
    [pass](journal::read_keys& x) { return pass(x); },
    [pass](journal::read_positions& x) { return pass(x); },
    [pass](journal::read_latest& x) { return pass(x); },
    [pass](journal::read_due_count& x) { return pass(x); },
    [pass](journal::get_health& x) { return pass(x); },
    [pass](journal::subscribe& x) { return pass(x); },
    [pass](journal::save_offsets& x) { return pass(x); },
  };
}

/// A guard whose author forgot something. `again` tells whether a call is made once more after its `attempt`th failure;
/// `refuses` whether it is made at all.
class bad_guard {
public:
  using again_fn = bool (*)(ec code, int attempt);

  bad_guard(payment::provider_actor::pointer self, payment::provider_actor behind, int opens_after, again_fn again)
    : self_(self), behind_(std::move(behind)), opens_after_(opens_after), again_(again) {}

  payment::provider_actor::behavior_type make_behavior() {
    return {
      [this](const request_context& c, const payment::authorize& x) { return call<payment::payment>(c, x); },
      [this](const request_context& c, const payment::capture& x) { return call<payment::payment>(c, x); },
      [this](const request_context& c, const payment::void_payment& x) { return call<payment::payment>(c, x); },
      [this](const request_context& c, const payment::refund& x) { return call<payment::refunded>(c, x); },
      [this](const request_context& c, const payment::find_payments& x) { return call<payment::payments>(c, x); },
    };
  }

private:
  template <class Answer, class Command> caf::result<Answer> call(const request_context& context, const Command& x) {
    if (failures_ >= opens_after_)
      return caf::make_error(ec::circuit_open);
    auto reply = self_->make_response_promise<Answer>();
    attempt(context, x, reply, 1);
    return reply;
  }

  template <class Answer, class Command>
  void attempt(const request_context& context, const Command& x, caf::typed_response_promise<Answer> reply, int number,
               std::optional<ec> uncertain = {}) {
    self_->request(behind_, caf::infinite, context, x)
      .then(
        [this, reply](Answer& answer) mutable {
          failures_ = 0;
          reply.deliver(std::move(answer));
        },
        [this, context, x, reply, number, uncertain](caf::error& error) mutable {
          ++failures_;
          if (may_have_acted(code_of(error)))
            uncertain = code_of(error);
          if (again_(code_of(error), number))
            attempt(context, x, reply, number + 1, uncertain);
          else if (uncertain)
            reply.deliver(caf::make_error(*uncertain));
          else
            reply.deliver(std::move(error));
        });
  }

  payment::provider_actor::pointer self_;
  payment::provider_actor behind_;
  int opens_after_;
  again_fn again_;
  int failures_ = 0; // in a row
};

using bad_guard_impl = payment::provider_actor::stateful_impl<bad_guard>;
constexpr int never = 1'000'000;

journal::journal_actor::behavior_type know_no_keys(journal::journal_actor::pointer self,
                                                   journal::journal_actor behind) {
  auto pass = [self, behind](auto& x) { return self->delegate(behind, std::move(x)); };
  return {
    [pass](journal::append& x) { return pass(x); },
    [pass](journal::load& x) { return pass(x); },
    [pass](journal::forget& x) { return pass(x); },
    [pass](journal::read_stream& x) { return pass(x); },
    [pass](journal::read_shard& x) { return pass(x); },
    [pass](journal::read_due& x) { return pass(x); },
    [](const journal::read_keys&) { return journal::key_page{}; },
    [pass](journal::read_positions& x) { return pass(x); },
    [pass](journal::read_latest& x) { return pass(x); },
    [pass](journal::read_due_count& x) { return pass(x); },
    [pass](journal::get_health& x) { return pass(x); },
    [pass](journal::subscribe& x) { return pass(x); },
    [pass](journal::save_offsets& x) { return pass(x); },
  };
}

outlet::sink_actor::behavior_type take_everything(outlet::sink_actor::pointer) {
  return {[](const outlet::deliver&) -> caf::result<void> { return caf::unit; }};
}

/// Stands where a supervised child's handle stands, and keeps nothing for the child's next incarnation.
class forgetful : public caf::monitorable_actor {
public:
  forgetful(caf::actor_config& config, caf::strong_actor_ptr behind)
    : caf::monitorable_actor(config), behind_(std::move(behind)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
    const auto child = supervision::reference_behind(behind_).child();
    return child ? child->enqueue(std::move(x), unit) : true;
  }

  void setup_metrics() {}

private:
  caf::strong_actor_ptr behind_;
};

/// Stands before a part of a node, and answers what it is told to let go of without telling it.
class deaf_part : public caf::monitorable_actor {
public:
  deaf_part(caf::actor_config& config, caf::strong_actor_ptr behind)
    : caf::monitorable_actor(config), behind_(std::move(behind)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
    if (!x->payload.match_elements<entity::evict>())
      return behind_->enqueue(std::move(x), unit);
    x->sender->enqueue(caf::make_mailbox_element(nullptr, x->mid.response_id(), {}, caf::message{}), unit);
    return true;
  }

  void setup_metrics() {}

private:
  caf::strong_actor_ptr behind_;
};

/// Stands before a region, and loses what it would send elsewhere.
class leaky_region : public caf::monitorable_actor {
public:
  leaky_region(caf::actor_config& config, caf::strong_actor_ptr behind)
    : caf::monitorable_actor(config), behind_(std::move(behind)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
    if (x->mid.is_request() && x->sender)
      x->sender = spawn_answers(home_system(), x->sender);
    return behind_->enqueue(std::move(x), unit);
  }

  void setup_metrics() {}

private:
  class answers : public caf::monitorable_actor {
  public:
    answers(caf::actor_config& config, caf::strong_actor_ptr to) : caf::monitorable_actor(config), to_(std::move(to)) {}

    bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
      const bool is_lost = x->payload.match_elements<caf::error>() && x->payload.get_as<caf::error>(0) == ec::moved;
      return is_lost || to_->enqueue(std::move(x), unit);
    }

    void setup_metrics() {}

  private:
    caf::strong_actor_ptr to_;
  };

  static caf::strong_actor_ptr spawn_answers(caf::actor_system& system, caf::strong_actor_ptr to) {
    caf::actor_config config{system.dummy_execution_unit()};
    return caf::make_actor<answers, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config,
                                                           std::move(to));
  }

  caf::strong_actor_ptr behind_;
};

template <class Actor> caf::actor before(world& w, const caf::actor& behind) {
  auto& system = w.system();
  caf::actor_config config{system.dummy_execution_unit()};
  return caf::make_actor<Actor, caf::actor>(system.next_actor_id(), system.node(), &system, config,
                                            caf::actor_cast<caf::strong_actor_ptr>(behind));
}

} // namespace

std::span<const bug> all_bugs() {
  return bugs;
}

std::string_view name_of(bug x) {
  switch (x) {
    case bug::none: return "none";
    case bug::missing_idempotency_key: return "missing_idempotency_key";
    case bug::effect_before_commit: return "effect_before_commit";
    case bug::lost_compensation: return "lost_compensation";
    case bug::immortal_hold: return "immortal_hold";
    case bug::stale_snapshot: return "stale_snapshot";
    case bug::unsynced_write: return "unsynced_write";
    case bug::forgotten_wake_up: return "forgotten_wake_up";
    case bug::forgotten_key: return "forgotten_key";
    case bug::second_reservation: return "second_reservation";
    case bug::hasty_refund: return "hasty_refund";
    case bug::breaker_stays_open: return "breaker_stays_open";
    case bug::retried_refusal: return "retried_refusal";
    case bug::retries_without_budget: return "retries_without_budget";
    case bug::lost_while_restarting: return "lost_while_restarting";
    case bug::lost_dead_letter: return "lost_dead_letter";
    case bug::forgotten_pause: return "forgotten_pause";
    case bug::no_fencing: return "no_fencing";
    case bug::lease_by_wall_clock: return "lease_by_wall_clock";
    case bug::reply_before_hand_over: return "reply_before_hand_over";
    case bug::lost_at_hand_over: return "lost_at_hand_over";
  }
  return "invalid";
}

std::optional<bug> parse_bug(std::string_view name) {
  if (name == name_of(bug::none))
    return bug::none;
  for (const auto x : bugs)
    if (name == name_of(x))
      return x;
  return std::nullopt;
}

store_bugs store_bugs_of(bug x) {
  return {.unsynced = x == bug::unsynced_write,
          .stale_snapshot = x == bug::stale_snapshot,
          .forgets_wake_up = x == bug::forgotten_wake_up,
          .fences = x != bug::no_fencing};
}

bool is_of_cluster(bug x) {
  return x == bug::no_fencing || x == bug::lease_by_wall_clock || x == bug::reply_before_hand_over
         || x == bug::lost_at_hand_over;
}

payment::provider_actor plant(world& w, bug planted, payment::provider_actor behind, random_fn random) {
  if (planted == bug::missing_idempotency_key)
    return w.outside(w.system().spawn(forget_keys, std::move(behind), std::move(random)));
  if (planted == bug::hasty_refund)
    return w.outside(w.system().spawn(skip_refunds, std::move(behind)));
  return behind;
}

payment::provider_actor plant_guard(world& w, bug planted, payment::provider_actor behind) {
  const auto spawn = [&](int opens_after, bad_guard::again_fn again) {
    return w.outside(w.system().spawn<bad_guard_impl>(std::move(behind), opens_after, again));
  };
  switch (planted) {
    case bug::breaker_stays_open: return spawn(5, [](ec, int) { return false; });
    case bug::retried_refusal:
      return spawn(never, [](ec code, int attempt) { return code == ec::refused && attempt < 3; });
    case bug::retries_without_budget:
      return spawn(never, [](ec code, int attempt) { return code == ec::unavailable && attempt < 8; });
    default: return {};
  }
}

inventory::inventory_actor plant(world& w, bug planted, inventory::inventory_actor behind) {
  if (planted == bug::lost_compensation)
    return w.outside(w.system().spawn(keep_sold, std::move(behind)));
  if (planted == bug::second_reservation)
    return w.outside(w.system().spawn(reserve_again, std::move(behind)));
  return behind;
}

idempotency::idempotency_actor plant(world& w, bug planted, idempotency::idempotency_actor behind) {
  if (planted == bug::forgotten_key)
    return w.outside(w.system().spawn(always_first));
  return behind;
}

journal::journal_actor plant(world& w, bug planted, journal::journal_actor behind) {
  if (planted == bug::effect_before_commit)
    return w.outside(w.system().spawn(acknowledge_early, std::move(behind)));
  if (planted == bug::forgotten_pause)
    return w.outside(w.system().spawn(know_no_keys, std::move(behind)));
  if (planted == bug::lost_while_restarting) {
    auto& system = w.system();
    caf::actor_config config{system.dummy_execution_unit()};
    return caf::make_actor<forgetful, journal::journal_actor>(system.next_actor_id(), system.node(), &system, config,
                                                              caf::actor_cast<caf::strong_actor_ptr>(behind));
  }
  return behind;
}

outlet::sink_actor plant(world& w, bug planted, outlet::sink_actor behind) {
  if (planted == bug::lost_dead_letter) // Whoever gives up has told of it already.
    return w.outside(w.system().spawn(take_everything));
  return behind;
}

std::vector<caf::actor> plant_parts(world& w, bug planted, std::vector<caf::actor> behind) {
  if (planted == bug::reply_before_hand_over)
    for (auto& x : behind)
      x = before<deaf_part>(w, x);
  return behind;
}

std::shared_ptr<const cluster::region_table> plant_regions(world& w, bug planted,
                                                           std::shared_ptr<const cluster::region_table> behind) {
  if (planted != bug::lost_at_hand_over)
    return behind;
  auto result = std::make_shared<cluster::region_table>(*behind);
  for (auto& [type, region] : *result)
    region = before<leaky_region>(w, region);
  return result;
}

} // namespace troupe::simulation
