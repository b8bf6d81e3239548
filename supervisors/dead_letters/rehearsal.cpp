#include "supervisors/dead_letters/rehearsal.hpp"

#include "actors/pause/pause_entity.hpp"
#include "supervisors/dead_letters/overlay_store.hpp"
#include "supervisors/dead_letters/recorders.hpp"
#include "supervisors/dead_letters/replayers.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace troupe {

namespace {

using namespace dead_letter;

constexpr duration step{250};
constexpr int patience = 40; // steps

struct system_config : caf::actor_system_config {
  system_config() {
    set("caf.scheduler.policy", "testing"); // One thread, and a time that moves when it is told to.
    set("caf.logger.console.verbosity", "quiet");
    set("caf.logger.file.verbosity", "quiet");
  }
};

/// The world in which one letter is replayed.
class stage {
public:
  explicit stage(const rehearsal_settings& with)
    : with_(with), over_(std::make_shared<overlay>(with.stores)), began_(clock().now()), beginning_(with.now()) {
    auto made = make_topology(system_, describe());
    add_replayers(made, with.seals);
    letters_ = made.dead_letters.letters;
    paused_ = made.paused;
    journal_ = made.journal;
    root_ = supervision::spawn_supervisor(system_, std::move(made.root), surroundings());
  }

  // Whoever is alive at its end keeps a system from ending.
  ~stage() {
    letters_ = nullptr;
    journal_ = nullptr;
    paused_.reset();
    self_->send_exit(std::exchange(root_, nullptr), caf::exit_reason::user_shutdown);
    for (int i = 0; i < 200 && system_.registry().running() > alive_at_end; ++i)
      advance();
    clock().schedule.clear();
    coordinator().run();
    if (system_.registry().running() > alive_at_end)
      system_.await_actors_before_shutdown(false);
  }

  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  foreseen play(const request_context& context, const letter_id& id, const std::string& reason) {
    foreseen result;
    result.id = id;
    if (!begin()) {
      result.refused = caf::make_error(ec::store_unavailable);
      return result;
    }
    const auto asked = ask<view>(letters_, context, replay{id, reason, {}});
    if (!asked) {
      result.refused = asked.error();
      return result;
    }
    result.ended = look_ahead();
    if (const auto last = ask<view>(letters_, context, get_letter{id}))
      result.letter = last->of;
    for (const auto& x : over_->written())
      result.events.push_back({x.stream.context, x.stream.key, x.type});
    result.calls = *calls_;
    return result;
  }

private:
  static constexpr std::size_t alive_at_end = 0;

  caf::scheduler::test_coordinator& coordinator() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }
  caf::detail::test_actor_clock& clock() { return coordinator().clock(); }

  time_point now() { return beginning_ + std::chrono::duration_cast<duration>(clock().now() - began_); }

  void advance() {
    coordinator().run();
    coordinator().advance_time(step);
    coordinator().run();
  }

  /// Whether the world is ready: its journal writes, and it is known what is paused.
  bool begin() {
    for (int i = 0; i < patience; ++i) {
      advance();
      const auto asked = ask<journal::health>(journal_, journal::get_health{});
      if (asked && asked->writable && paused_->published()->is_known())
        return true;
    }
    return false;
  }

  template <class Reply, class Handle, class... Args> caf::expected<Reply> ask(const Handle& whom, Args... args) {
    auto asked = self_->request(whom, caf::infinite, std::move(args)...);
    coordinator().run();
    for (int i = 0; i < patience && self_->mailbox().empty(); ++i)
      advance();
    caf::expected<Reply> result{caf::make_error(ec::timed_out)};
    if (!self_->mailbox().empty()) // It would wait for ever: nobody else moves this world.
      asked.receive([&](Reply& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  /// Whether it has come to an end.
  bool look_ahead() {
    auto seen = over_->written().size() + calls_->size();
    auto since = now();
    for (const auto until = now() + with_.looked_ahead; now() < until;) {
      advance();
      if (const auto all = over_->written().size() + calls_->size(); all != seen) {
        seen = all;
        since = now();
      }
      if (now() - since >= with_.quiet)
        return true;
    }
    return false;
  }

  topology_settings describe() {
    topology_settings with;
    with.node = "rehearsal";
    with.stores = make_store(over_, {pause::traits::context});
    with.stores_block = false;
    with.environment = [this](std::string_view) {
      return entity::environment{{}, [this] { return now(); }, with_.random};
    };
    with.inventory = with_.inventory;
    with.orders.policy = with_.orders;
    with.providers = [this](supervision::group& to) {
      payment::providers made;
      for (const auto& [name, key_lifetime] : with_.payment_providers)
        made[name] = {to.add<payment::provider_actor>(name,
                                                      [name = name, calls = calls_](const supervision::place& where) {
                                                        return spawn_payment_recorder(where, name, calls);
                                                      }),
                      key_lifetime};
      return made;
    };
    with.notifications.from = with_.from;
    with.notifications.policy = with_.mails;
    with.mailers = [this](supervision::group& to) {
      std::map<std::string, notification::mailer_actor> made;
      for (const auto& name : with_.mail_providers)
        made[name] = to.add<notification::mailer_actor>(name, [name, calls = calls_](const supervision::place& where) {
          return spawn_mail_recorder(where, name, calls);
        });
      return made;
    };
    if (with_.outlets)
      with.outlets = [this](supervision::group& to, const topology& made) {
        return with_.outlets(to, made, [this] { return now(); });
      };
    return with;
  }

  supervision::surroundings surroundings() {
    supervision::surroundings with;
    with.now = [this] { return now(); };
    with.jitter = [] { return 0.5; };
    with.refuse.error = [](supervision::failure why, const std::string& path) {
      return caf::make_error(ec::unavailable, path + ": " + to_string(why));
    };
    return with;
  }

  const rehearsal_settings& with_;
  system_config config_;
  caf::actor_system system_{config_};
  recorded_calls calls_ = std::make_shared<std::vector<foreseen_call>>();
  std::shared_ptr<overlay> over_;
  caf::actor_clock::time_point began_;
  time_point beginning_;
  caf::scoped_actor self_{system_, true};
  dead_letter_actor letters_;
  journal::journal_actor journal_;
  pause::registry_ptr paused_;
  caf::actor root_;
};

class rehearsals_state {
public:
  static constexpr const char* name = "rehearsals";

  rehearsals_state(rehearsal_actor::pointer self, std::shared_ptr<const rehearsal_settings> with)
    : self_(self), with_(std::move(with)) {}

  rehearsal_actor::behavior_type make_behavior() {
    return {[this](const request_context& context, const dead_letter::rehearse& what) -> caf::result<rehearsed> {
      if (busy_)
        return caf::make_error(ec::overloaded);
      busy_ = true;
      auto promise = self_->make_response_promise<rehearsed>();
      const auto worker = self_->spawn<caf::detached>(make_worker, with_);
      self_->request(worker, caf::infinite, context, what)
        .then(
          [this, promise, context, what](rehearsed& x) mutable {
            busy_ = false;
            if (with_->told)
              with_->told(context, what, x);
            promise.deliver(std::move(x));
          },
          [this, promise](const caf::error& why) mutable {
            busy_ = false;
            promise.deliver(caf::make_error(code_of(why), to_string(why)));
          });
      return promise;
    }};
  }

private:
  // The thread is its own, for what CAF keeps by thread belongs to one system.
  static rehearsal_actor::behavior_type make_worker(rehearsal_actor::pointer self,
                                                    std::shared_ptr<const rehearsal_settings> with) {
    return {[self, with](const request_context& context, const dead_letter::rehearse& what) -> caf::result<rehearsed> {
      rehearsed result;
      std::string failed;
      std::thread{[&] {
        try {
          result = troupe::rehearse(*with, context, what);
        } catch (const std::exception& e) {
          failed = e.what();
        }
      }}.join();
      self->quit();
      if (!failed.empty())
        return caf::make_error(ec::unavailable, failed);
      return result;
    }};
  }

  rehearsal_actor::pointer self_;
  std::shared_ptr<const rehearsal_settings> with_;
  bool busy_ = false;
};

} // namespace

rehearsed rehearse(const rehearsal_settings& with, const request_context& context, const dead_letter::rehearse& what) {
  rehearsed result;
  const auto until = with.now() + with.time_max;
  const auto count = std::min(what.letters.size(), rehearsed_max);
  for (std::size_t i = 0; i < count && (i == 0 || with.now() < until); ++i) {
    stage one{with};
    result.letters.push_back(
      one.play({context.principal, context.trace, time_point::max()}, what.letters[i], what.reason));
  }
  return result;
}

rehearsal_actor spawn_rehearsals(const supervision::place& where, std::shared_ptr<const rehearsal_settings> with) {
  return where.spawn<rehearsal_actor::stateful_impl<rehearsals_state>>(std::move(with));
}

} // namespace troupe
