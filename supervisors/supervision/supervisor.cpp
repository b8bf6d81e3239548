#include "supervisors/supervision/supervisor.hpp"

#include "actors/timer.hpp"

#include <caf/action.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <exception>
#include <map>
#include <optional>

namespace troupe::supervision {

caf::actor group::add(group children) {
  auto id = children.id();
  auto handle = make_reference(*system_, {});
  children_.push_back({std::move(id), {}, handle, nullptr, std::make_shared<const group>(std::move(children))});
  return caf::actor_cast<caf::actor>(handle);
}

void group::close() const {
  for (const auto& x : children_) {
    reference_behind(x.handle).close();
    if (x.children)
      x.children->close();
  }
}

namespace {

std::vector<restart> kinds_of(const group& x) {
  std::vector<restart> result;
  for (const auto& child : x.children())
    result.push_back(child.rules.kind);
  return result;
}

bool is_normal(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::normal || reason == caf::exit_reason::user_shutdown;
}

class supervisor_state {
public:
  static constexpr const char* name = "supervisor";

  supervisor_state(caf::event_based_actor* self, std::string path, std::shared_ptr<const group> about,
                   std::shared_ptr<const surroundings> with, bool is_root)
    : self_(self), path_(std::move(path)), about_(std::move(about)), with_(std::move(with)), is_root_(is_root),
      plan_(about_->how(), about_->limits(), kinds_of(*about_)), children_(about_->children().size()) {}

  // Killed: nobody else would end them.
  ~supervisor_state() {
    timer_.dispose();
    look_timer_.dispose();
    for (const auto& x : children_)
      if (x.actor)
        caf::anon_send_exit(caf::actor_cast<caf::actor>(x.actor), caf::exit_reason::kill);
  }

  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;

  caf::behavior make_behavior() {
    self_->set_down_handler([this](const caf::down_msg& x) { on_down(x); });
    self_->set_exit_handler([this](const caf::exit_msg&) {
      plan_.shut_down();
      go_on();
    });
    with_->tree->describe(path_, std::string{name_of(about_->how())});
    with_->tree->set(path_, condition::up, with_->now());
    for (std::size_t i = 0; i < children_.size(); ++i) {
      children_[i].path = path_ + '/' + spec(i).id;
      behind(i).place(children_[i].path, with_->refuse);
    }
    plan_.begin(now());
    go_on();
    look();
    return {[](caf::unit_t) {}};
  }

private:
  struct child {
    std::string path;
    caf::strong_actor_ptr actor; // none while it is down
    bool predecessor = false;    // `actor` is what a killed supervisor has left: it must end first
    std::uint32_t restarts = 0;
    bool was_up = false;
    caf::disposable grace;
  };

  const child_spec& spec(std::size_t i) const { return about_->children()[i]; }
  reference& behind(std::size_t i) const { return reference_behind(spec(i).handle); }
  instant now() const { return self_->clock().now(); }

  void go_on() {
    while (!clearing_) {
      auto step = plan_.next(now());
      if (!step)
        break;
      if (const auto* x = std::get_if<plan::start>(&*step))
        start(x->child);
      else if (const auto* x = std::get_if<plan::stop>(&*step))
        stop(x->child);
      else if (const auto* x = std::get_if<plan::close>(&*step))
        close(x->child);
      else if (const auto* x = std::get_if<plan::finish>(&*step))
        return finish(x->escalated);
    }
    wake_when_due();
  }

  void wake_when_due() {
    timer_.dispose();
    if (const auto at = plan_.wake_at())
      timer_ = run_later(self_, *at - now(), [this] { go_on(); });
  }

  void start(std::size_t i) {
    auto& x = children_[i];
    if (auto predecessor = behind(i).child()) {
      // Two of a kind are never up at once.
      x.predecessor = true;
      x.actor = std::move(predecessor);
      clearing_ = true;
      self_->monitor(x.actor);
      caf::anon_send_exit(caf::actor_cast<caf::actor>(x.actor), caf::exit_reason::kill);
      return;
    }
    if (std::exchange(x.was_up, true)) {
      ++x.restarts;
      with_->tree->restarted(x.path);
    }
    with_->tree->set(x.path, condition::starting, with_->now());
    try {
      x.actor = spec(i).children ? start_supervisor(i) : spec(i).start({self_->system(), spec(i).handle});
      if (!x.actor)
        return failed(i, "it did not start");
      self_->monitor(x.actor);
      behind(i).put(x.actor);
    } catch (const std::exception& e) {
      return failed(i, std::string{"it did not start: "} + e.what());
    }
    with_->tree->set(x.path, condition::up, with_->now());
    plan_.started(i);
  }

  caf::strong_actor_ptr start_supervisor(std::size_t i) {
    return caf::actor_cast<caf::strong_actor_ptr>(
      self_->system().spawn<caf::stateful_actor<supervisor_state>>(children_[i].path, spec(i).children, with_, false));
  }

  void stop(std::size_t i) {
    auto& x = children_[i];
    with_->tree->set(x.path, condition::stopping, with_->now());
    const auto actor = caf::actor_cast<caf::actor>(x.actor);
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    if (!spec(i).children) // A supervisor is as patient as its children are.
      x.grace = run_later(self_, spec(i).rules.grace, [weak = caf::actor_cast<caf::weak_actor_ptr>(actor)] {
        if (const auto late = weak.lock())
          caf::anon_send_exit(caf::actor_cast<caf::actor>(late), caf::exit_reason::kill);
      });
  }

  void close(std::size_t i) {
    with_->tree->set(children_[i].path, condition::ended, with_->now());
    behind(i).close();
    if (spec(i).children)
      spec(i).children->close();
  }

  void finish(bool escalated) {
    timer_.dispose();
    look_timer_.dispose();
    with_->tree->set(path_, condition::ended, with_->now());
    if (is_root_)
      about_->close();
    if (is_root_ && escalated && with_->gave_up)
      with_->gave_up(last_);
    if (escalated)
      self_->quit(caf::make_error(failure::restarted_too_often, path_));
    else
      self_->quit(caf::exit_reason::user_shutdown);
  }

  void on_down(const caf::down_msg& down) {
    for (std::size_t i = 0; i < children_.size(); ++i) {
      auto& x = children_[i];
      if (!x.actor || x.actor->address() != down.source)
        continue;
      x.grace.dispose();
      const bool predecessor = std::exchange(x.predecessor, false);
      x.actor = nullptr;
      behind(i).take_away(down.source);
      if (predecessor) {
        clearing_ = false;
        start(i);
      } else if (plan_.is_up(i)) {
        ended(i, down.reason);
      } else {
        with_->tree->set(x.path, condition::waiting, with_->now());
        plan_.ended(i, ending::normal, now(), 0);
      }
      break;
    }
    go_on();
  }

  /// Unexpectedly.
  void ended(std::size_t i, const caf::error& reason) {
    if (is_normal(reason)) {
      with_->tree->set(children_[i].path, condition::waiting, with_->now());
      plan_.ended(i, ending::normal, now(), with_->jitter());
    } else {
      failed(i, to_string(reason));
    }
  }

  void failed(std::size_t i, std::string error) {
    auto& x = children_[i];
    with_->tree->set(x.path, condition::waiting, with_->now());
    with_->tree->failed(x.path, error, with_->now());
    plan_.ended(i, ending::failure, now(), with_->jitter());
    last_ = {x.path, std::move(error), plan_.gives_up(), x.restarts};
    if (with_->failed)
      with_->failed(last_);
  }

  // Asks each child, behind all that waits in its mailbox, how much waits there; and lets go of what waits too long for
  // one that is down.
  void look() {
    for (std::size_t i = 0; i < children_.size(); ++i) {
      const auto& x = children_[i];
      behind(i).expire(now());
      with_->tree->buffered(x.path, behind(i).waiting());
      if (spec(i).rules.keyed)
        with_->tree->keyed(x.path, spec(i).rules.keyed());
      if (!x.actor || !plan_.is_up(i))
        continue;
      auto* inside = dynamic_cast<caf::scheduled_actor*>(x.actor->get());
      const auto at = now();
      if (!inside || !with_->tree->ask(x.path, at))
        continue;
      caf::anon_send(caf::actor_cast<caf::actor>(x.actor),
                     caf::make_action([inside, at, tree = with_->tree, path = x.path] {
                       tree->looked(path, inside->mailbox().size(), at, inside->clock().now());
                     }));
    }
    look_timer_ = run_later(self_, with_->look_every, [this] { look(); });
  }

  caf::event_based_actor* self_;
  std::string path_;
  std::shared_ptr<const group> about_;
  std::shared_ptr<const surroundings> with_;
  bool is_root_;
  plan plan_;
  std::vector<child> children_;
  incident last_;
  bool clearing_ = false; // a predecessor ends
  caf::disposable timer_;
  caf::disposable look_timer_;
};

} // namespace

caf::actor spawn_supervisor(caf::actor_system& system, group root, surroundings with) {
  auto about = std::make_shared<const group>(std::move(root));
  auto path = about->id();
  return system.spawn<caf::stateful_actor<supervisor_state>>(
    std::move(path), std::move(about), std::make_shared<const surroundings>(std::move(with)), true);
}

} // namespace troupe::supervision
