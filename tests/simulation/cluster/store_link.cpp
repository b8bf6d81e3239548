#include "tests/simulation/cluster/store_link.hpp"

#include "actors/entity/journal_actor.hpp"

#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe::simulation {

namespace {

/// One request until it is answered, by the store or in its place.
struct request {
  caf::strong_actor_ptr from;
  caf::message_id mid;
  caf::message what;
  bool answered = false;

  void answer(caf::message x) {
    if (std::exchange(answered, true) || !from)
      return;
    from->enqueue(caf::make_mailbox_element(nullptr, mid.response_id(), {}, std::move(x)), nullptr);
  }
};
using request_ptr = std::shared_ptr<request>;

/// Messages on their way in one direction; none overtakes another.
struct lane {
  duration last_due{0};
};

/// A connection, which is opened anew when it has failed.
struct session {
  caf::strong_actor_ptr at;
  lane there;
  lane back;
  bool broken = false;
};
using session_ptr = std::shared_ptr<session>;

class shared_link : public std::enable_shared_from_this<shared_link> {
public:
  shared_link(world& w, std::string what, const store_link_faults& faults, std::shared_ptr<store_weather> weather,
              open_session_fn open)
    : world_(w), what_(std::move(what)), faults_(faults), weather_(std::move(weather)), open_(std::move(open)),
      random_(w.random().fork()) {}

  void ask(caf::mailbox_element_ptr x);
  void answered(const session_ptr& on, const request_ptr& what, const caf::message& x);

private:
  void arrive(const session_ptr& on, const request_ptr& what);
  void act(const session_ptr& on, const request_ptr& what);
  void fail(const session_ptr& on, const request_ptr& what, duration delay);
  void travel(lane& on, std::function<void()> arrive);
  bool happens(double odds, std::string_view how);

  world& world_;
  std::string what_;
  store_link_faults faults_;
  std::shared_ptr<store_weather> weather_;
  open_session_fn open_;
  random_source random_;
  session_ptr session_;
};

/// Whoever asked, for the session.
class asker : public caf::monitorable_actor {
public:
  asker(caf::actor_config& config, std::shared_ptr<shared_link> by, session_ptr on, request_ptr what)
    : caf::monitorable_actor(config), by_(std::move(by)), on_(std::move(on)), what_(std::move(what)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    by_->answered(on_, what_, x->payload);
    return true;
  }

  void setup_metrics() {}

private:
  std::shared_ptr<shared_link> by_;
  session_ptr on_;
  request_ptr what_;
};

class link_actor : public caf::monitorable_actor {
public:
  link_actor(caf::actor_config& config, std::shared_ptr<shared_link> behind)
    : caf::monitorable_actor(config), behind_(std::move(behind)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    behind_->ask(std::move(x));
    return true;
  }

  void setup_metrics() {}

private:
  std::shared_ptr<shared_link> behind_;
};

bool shared_link::happens(double odds, std::string_view how) {
  if (!world_.faults_on() || !random_.chance(odds))
    return false;
  world_.mishap("store link: " + std::string{how});
  return true;
}

void shared_link::travel(lane& on, std::function<void()> arrive) {
  const bool slow = happens(faults_.slow, "slow");
  const auto due = std::max(
    world_.elapsed() + random_.between(duration{0}, slow ? faults_.slow_max : faults_.latency_max), on.last_due);
  on.last_due = due;
  world_.after(due - world_.elapsed(), std::move(arrive));
}

void shared_link::ask(caf::mailbox_element_ptr x) {
  if (!x->mid.is_request())
    return;
  if (!session_ || session_->broken || x->payload.match_elements<journal::reopen>()) {
    session_ = std::make_shared<session>();
    session_->at = open_();
  }
  const auto asked = std::make_shared<request>(request{x->sender, x->mid, x->payload});
  travel(session_->there, [self = shared_from_this(), on = session_, asked] { self->arrive(on, asked); });
}

void shared_link::arrive(const session_ptr& on, const request_ptr& what) {
  if (happens(faults_.lost, "broke before the request"))
    return fail(on, what, duration{0});
  if (!weather_->there_cut)
    return act(on, what);
  world_.mishap("store link: no way there");
  fail(on, what, faults_.patience);
  if (happens(faults_.late, "acted late")) {
    const auto wait = faults_.patience + random_.between(duration{0}, duration{5'000});
    world_.after(wait, [self = shared_from_this(), on, what] { self->act(on, what); });
  }
}

void shared_link::act(const session_ptr& on, const request_ptr& what) {
  auto& system = world_.system();
  caf::actor_config config{system.dummy_execution_unit()};
  auto back = caf::make_actor<asker, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config,
                                                            shared_from_this(), on, what);
  on->at->enqueue(caf::make_mailbox_element(std::move(back), what->mid, {}, what->what), nullptr);
}

void shared_link::answered(const session_ptr& on, const request_ptr& what, const caf::message& x) {
  if (happens(faults_.lost_answer, "broke before the answer"))
    return fail(on, what, duration{0});
  travel(on->back, [self = shared_from_this(), on, what, x] {
    if (self->weather_->back_cut) {
      self->world_.mishap("store link: no way back");
      return self->fail(on, what, self->faults_.patience);
    }
    what->answer(x);
  });
}

void shared_link::fail(const session_ptr& on, const request_ptr& what, duration delay) {
  world_.after(delay, [on, what] {
    on->broken = true;
    what->answer(caf::make_message(caf::make_error(ec::commit_unknown, std::string{"the store does not answer"})));
  });
}

} // namespace

caf::strong_actor_ptr make_store_link(world& w, const std::string& what, const store_link_faults& faults,
                                      std::shared_ptr<store_weather> weather, open_session_fn open) {
  auto& system = w.system();
  caf::actor_config config{system.dummy_execution_unit()};
  return caf::make_actor<link_actor, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config,
    std::make_shared<shared_link>(w, what, faults, std::move(weather), std::move(open)));
}

} // namespace troupe::simulation
