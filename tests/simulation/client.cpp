#include "tests/simulation/client.hpp"

#include "actors/timer.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

namespace troupe::simulation {

namespace {

constexpr duration patience = std::chrono::seconds{5};

/// What every client does: waits, asks, and asks again.
class visitor {
public:
  visitor(caf::event_based_actor* self, world& w, auditor& audit, front at, std::shared_ptr<attendance> all)
    : self_(self), audit_(audit), at_(std::move(at)), random_(w.random().fork()), all_(std::move(all)) {
    ++all_->busy;
  }

protected:
  template <class What> void later(duration delay, What what) { run_later(self_, delay, std::move(what)); }

  template <class What> void soon(What what) { later(random_.between(duration{50}, duration{1'000}), std::move(what)); }

  template <class Actor, class Command, class Answered, class Failed>
  void ask(const Actor& whom, Command command, Answered answered, Failed failed) {
    self_->request(whom, patience, request_context{"shop", {}, time_point::max()}, std::move(command))
      .then(std::move(answered), std::move(failed));
  }

  void leave() {
    if (!std::exchange(left_, true))
      --all_->busy;
    self_->quit();
  }

  caf::event_based_actor* self_;
  auditor& audit_;
  front at_;
  random_source random_;
  std::shared_ptr<attendance> all_;
  bool left_ = false;
};

/// Keeps an actor alive that only waits for its timers and answers.
caf::behavior waiting() {
  return {[](caf::unit_t) {}};
}

class client : visitor {
public:
  static constexpr const char* name = "client";

  client(caf::event_based_actor* self, world& w, auditor& audit, front at, plan what, std::shared_ptr<attendance> all)
    : visitor(self, w, audit, std::move(at), std::move(all)), plan_(std::move(what)) {}

  caf::behavior make_behavior() {
    later(plan_.begins_at, [this] { begin(); });
    return waiting();
  }

private:
  void begin() {
    if (plan_.key.empty())
      return place(true);
    ask(
      at_.keys, idempotency::claim{plan_.key, 1, plan_.command.id.value},
      [this](const idempotency::claimed& x) {
        audit_.key_answered(plan_.key, x.subject);
        const bool mine = x.subject == plan_.command.id.value;
        plan_.command.id = {x.subject};
        place(x.first && mine && !claimed_before_);
      },
      [this](const caf::error&) {
        claimed_before_ = true; // It may have been claimed all the same.
        soon([this] { begin(); });
      });
  }

  void place(bool fresh) {
    auto command = plan_.command;
    command.fresh = fresh;
    ask(
      at_.orders, std::move(command),
      [this](const order::view& x) {
        audit_.answered(x, seen_);
        if (plan_.cancel_after)
          later(*plan_.cancel_after, [this] { cancel(); });
        if (plan_.capture_after)
          later(*plan_.capture_after, [this] { capture(); });
        look(x);
      },
      [this](const caf::error& e) {
        if (e.category() == caf::type_id_v<order::rejection>)
          return audit_.fail("order " + plan_.command.id.value + " was refused: " + to_string(e));
        soon([this] { place(false); });
      });
  }

  void look(const order::view& x) {
    audit_.answered(x, seen_);
    const bool confirmed = x.status == order::status::confirmed;
    if (!order::is_terminal(x.status))
      return later(random_.between(duration{500}, duration{4'000}), [this] { read(); });
    if (confirmed && plan_.cancel_when_confirmed) {
      plan_.cancel_when_confirmed = false;
      plan_.cancel_after = duration{0};
      return soon([this] {
        cancel();
        read();
      });
    }
    if (plan_.cancel_after || plan_.capture_after) // Not before they have been tried.
      return soon([this] { read(); });
    leave();
  }

  void read() {
    if (random_.chance(0.1)) // The provider's webhook: at no particular time, and as often as it likes.
      caf::anon_send(at_.orders, request_context{"provider", {}, time_point::max()},
                     order::payment_news{plan_.command.id});
    const auto told = [this, durable = audit_.durable(plan_.command.id)](const order::view& x) {
      audit_.read(x, durable);
      look(x);
    };
    const auto failed = [this](const caf::error& e) { missed(e); };
    if (random_.chance(0.2))
      ask(at_.orders, order::await_end{plan_.command.id}, told, failed);
    else
      ask(at_.orders, order::get_order{plan_.command.id}, told, failed);
  }

  void missed(const caf::error& e) {
    if (e == order::rejection::unknown_order)
      return audit_.denied(plan_.command.id);
    soon([this] { read(); });
  }

  void cancel() {
    ask(
      at_.orders, order::cancel{plan_.command.id, "changed my mind"},
      [this](const order::view& x) {
        plan_.cancel_after.reset();
        audit_.answered(x, seen_);
      },
      [this](const caf::error& e) {
        if (e == order::rejection::unknown_order)
          return audit_.denied(plan_.command.id);
        if (e.category() == caf::type_id_v<order::rejection>)
          plan_.cancel_after.reset(); // Too late.
        else
          soon([this] { cancel(); });
      });
  }

  void capture() {
    ask(
      at_.orders, order::capture{plan_.command.id},
      [this](const order::view& x) {
        plan_.capture_after.reset();
        audit_.answered(x, seen_);
      },
      [this](const caf::error& e) {
        if (e == order::rejection::unknown_order)
          return audit_.denied(plan_.command.id);
        if (e == order::rejection::already_ended || e == order::rejection::in_review)
          plan_.capture_after.reset();
        else
          soon([this] { capture(); });
      });
  }

  plan plan_;
  sighting seen_;
  bool claimed_before_ = false;
};

class holder : visitor {
public:
  static constexpr const char* name = "holder";

  holder(caf::event_based_actor* self, world& w, auditor& audit, front at, hold_plan what,
         std::shared_ptr<attendance> all)
    : visitor(self, w, audit, std::move(at), std::move(all)), plan_(std::move(what)) {}

  caf::behavior make_behavior() {
    later(plan_.begins_at, [this] { plan_.releases_first ? release() : reserve(); });
    return waiting();
  }

private:
  void reserve() {
    ask(
      at_.stock, plan_.command,
      [this](const inventory::stock& x) {
        audit_.stock_answered(x);
        audit_.granted(plan_.command.sku, plan_.command.id);
        if (plan_.releases_first)
          audit_.fail("a reservation was granted after its release");
        plan_.releases ? release() : leave();
      },
      [this](const caf::error& e) {
        if (e.category() == caf::type_id_v<inventory::rejection>)
          leave();
        else
          soon([this] { reserve(); });
      });
  }

  void release() {
    ask(
      at_.stock, inventory::release{plan_.command.sku, plan_.command.id},
      [this](const inventory::stock& x) {
        audit_.stock_answered(x);
        audit_.let_go(plan_.command.sku, plan_.command.id);
        plan_.releases_first ? reserve() : leave();
      },
      [this](const caf::error&) { soon([this] { release(); }); });
  }

  hold_plan plan_;
};

class stocker : visitor {
public:
  static constexpr const char* name = "stocker";

  stocker(caf::event_based_actor* self, world& w, auditor& audit, front at, stocking what,
          std::shared_ptr<attendance> all)
    : visitor(self, w, audit, std::move(at), std::move(all)), plan_(std::move(what)) {}

  caf::behavior make_behavior() {
    later(plan_.begins_at, [this] { plan_.price ? price() : stock(); });
    return waiting();
  }

private:
  void price() {
    ask(
      at_.products, catalog::put_product{plan_.sku, plan_.sku.value, *plan_.price},
      [this](const catalog::product&) { stock(); }, [this](const caf::error&) { soon([this] { price(); }); });
  }

  void stock() {
    ask(
      at_.stock, inventory::set_available{plan_.sku, plan_.units},
      [this](const inventory::stock& x) {
        audit_.stock_answered(x);
        leave();
      },
      [this](const caf::error&) { soon([this] { stock(); }); });
  }

  stocking plan_;
};

class human_operator : visitor {
public:
  static constexpr const char* name = "operator";

  human_operator(caf::event_based_actor* self, world& w, auditor& audit, front at, pausing what,
                 std::shared_ptr<attendance> all)
    : visitor(self, w, audit, std::move(at), std::move(all)), plan_(std::move(what)) {}

  caf::behavior make_behavior() {
    later(plan_.begins_at, [this] { pause(); });
    return waiting();
  }

private:
  void pause() {
    ask(
      at_.pauses, pause::begin{plan_.what, "drill"},
      [this](const pause::status& x) {
        if (!x.is)
          audit_.fail(to_string(x.what) + " was paused and is not");
        audit_.paused(plan_.what);
        later(plan_.lasts, [this] {
          audit_.resuming(plan_.what);
          resume();
        });
      },
      [this](const caf::error&) { soon([this] { pause(); }); });
  }

  void resume() {
    ask(
      at_.pauses, pause::resume{plan_.what, "drill is over"}, [this](const pause::status&) { leave(); },
      [this](const caf::error&) { soon([this] { resume(); }); });
  }

  pausing plan_;
};

class clerk : visitor {
public:
  static constexpr const char* name = "clerk";

  clerk(caf::event_based_actor* self, world& w, auditor& audit, front at, letter_round what,
        std::shared_ptr<attendance> all)
    : visitor(self, w, audit, std::move(at), std::move(all)), world_(w), plan_(what) {}

  caf::behavior make_behavior() {
    later(plan_.begins_at, [this] { look(); });
    return waiting();
  }

private:
  void look() {
    if (world_.elapsed() > plan_.ends_at)
      return leave();
    self_->request(at_.directory, patience, dead_letter::list_letters{})
      .then(
        [this](const dead_letter::letter_list& x) {
          for (const auto& letter : x.letters)
            deal_with(letter);
          look_later();
        },
        [this](const caf::error&) { look_later(); });
  }

  void look_later() {
    later(random_.between(duration{1'000}, duration{8'000}), [this] { look(); });
  }

  void deal_with(const dead_letter::entry& x) {
    const auto told = [this](const dead_letter::view& y) { audit_.letters().told(y); };
    const auto failed = [](const caf::error&) {}; // It is looked at again.
    const auto u = random_.unit();
    if (u < 0.4)
      ask(at_.letters, dead_letter::replay{x.id, "another try", {}}, told, failed);
    else if (u < 0.5)
      ask(at_.letters, dead_letter::discard{x.id, "of no use"}, told, failed);
    else if (u < 0.55)
      ask(
        at_.jobs,
        dead_letter::job::begin{{make_uuid7(world_.true_time(), [this] { return random_(); })},
                                dead_letter::group_of(x.cause),
                                10,
                                "all of them"},
        [](const dead_letter::job::view&) {}, failed);
  }

  world& world_;
  letter_round plan_;
};

class last_reader : visitor {
public:
  static constexpr const char* name = "reader";

  last_reader(caf::event_based_actor* self, world& w, auditor& audit, front at, std::vector<order_id> orders,
              std::vector<sku_id> skus, std::shared_ptr<final_reading> into, std::shared_ptr<attendance> all)
    : visitor(self, w, audit, std::move(at), std::move(all)), orders_(std::move(orders)), skus_(std::move(skus)),
      into_(std::move(into)) {}

  caf::behavior make_behavior() {
    next();
    return waiting();
  }

private:
  void next() {
    const auto failed = [this](const caf::error& e) {
      if (e == order::rejection::unknown_order)
        return audit_.denied(orders_[into_->orders.size()]);
      soon([this] { next(); });
    };
    if (into_->orders.size() < orders_.size())
      return ask(
        at_.orders, order::get_order{orders_[into_->orders.size()]},
        [this](order::view& x) {
          into_->orders.push_back(std::move(x));
          next();
        },
        failed);
    if (into_->stocks.size() < skus_.size())
      return ask(
        at_.stock, inventory::get_stock{skus_[into_->stocks.size()]},
        [this](inventory::stock& x) {
          into_->stocks.push_back(std::move(x));
          next();
        },
        failed);
    self_->request(at_.directory, patience, dead_letter::list_letters{{}, {}, 10'000})
      .then(
        [this](dead_letter::letter_list& x) {
          if (!x.complete || x.more)
            return soon([this] { next(); });
          into_->letters = std::move(x.letters);
          leave();
        },
        [this](const caf::error&) { soon([this] { next(); }); });
  }

  std::vector<order_id> orders_;
  std::vector<sku_id> skus_;
  std::shared_ptr<final_reading> into_;
};

template <class State, class... Args> void spawn_visitor(world& w, auditor& audit, Args&&... args) {
  w.outside(w.system().spawn<caf::stateful_actor<State>>(std::ref(w), std::ref(audit), std::forward<Args>(args)...));
}

} // namespace

void spawn_client(world& w, auditor& audit, const front& at, plan what, std::shared_ptr<attendance> all) {
  spawn_visitor<client>(w, audit, at, std::move(what), std::move(all));
}

void spawn_holder(world& w, auditor& audit, const front& at, hold_plan what, std::shared_ptr<attendance> all) {
  spawn_visitor<holder>(w, audit, at, std::move(what), std::move(all));
}

void spawn_stocker(world& w, auditor& audit, const front& at, stocking what, std::shared_ptr<attendance> all) {
  spawn_visitor<stocker>(w, audit, at, std::move(what), std::move(all));
}

void spawn_operator(world& w, auditor& audit, const front& at, pausing what, std::shared_ptr<attendance> all) {
  spawn_visitor<human_operator>(w, audit, at, std::move(what), std::move(all));
}

void spawn_clerk(world& w, auditor& audit, const front& at, letter_round what, std::shared_ptr<attendance> all) {
  spawn_visitor<clerk>(w, audit, at, what, std::move(all));
}

std::shared_ptr<final_reading> spawn_reader(world& w, auditor& audit, const front& at, std::vector<order_id> orders,
                                            std::vector<sku_id> skus, std::shared_ptr<attendance> all) {
  auto into = std::make_shared<final_reading>();
  spawn_visitor<last_reader>(w, audit, at, std::move(orders), std::move(skus), into, std::move(all));
  return into;
}

} // namespace troupe::simulation
