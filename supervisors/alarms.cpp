#include "supervisors/alarms.hpp"

#include "actors/timer.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace troupe {

namespace {

using alarm::fact;
using alarm::kind;

/// Whether it says that something is so until another one says that it is over.
bool begins(kind x) {
  return x == kind::breaker_opened || x == kind::paused || x == kind::queue_aged;
}

bool ends(kind x) {
  return x == kind::breaker_closed || x == kind::resumed || x == kind::queue_recovered;
}

class alarms_state {
public:
  static constexpr const char* name = "alarms";

  alarms_state(alarm_actor::pointer self, alarm_settings with)
    : self_(self), with_(std::move(with)), coalescer_(with_.coalesce_for) {}

  alarm_actor::behavior_type make_behavior() {
    if (with_.breakers)
      for (auto& x : with_.breakers())
        take(std::move(x));
    look();
    if (with_.letters)
      look_at_letters();
    return {[this](fact& x) { take(std::move(x)); },
            [this](const request_context& context, const alarm::send_test& x) { return test(context, x.reason); }};
  }

private:
  using subject = std::pair<std::string_view, std::string>; // family and name

  // ---- what there is to tell ---------------------------------------------------------------------------------------

  void take(fact x) {
    if (!with_.told.empty() && !with_.told.contains(x.what))
      return;
    const subject about{alarm::family_of(x.what), x.subject};
    if (begins(x.what)) {
      // A lag and a breaker's figures change all the time; who paused something may say something else.
      const auto said = x.what == kind::paused ? x.reason : std::string{};
      const auto [found, anew] = standing_.try_emplace(about, said);
      if (!anew && std::exchange(found->second, said) == said)
        return;
    } else if (ends(x.what) && standing_.erase(about) == 0) {
      return;
    }
    if (auto told = coalescer_.add(std::move(x), with_.now()))
      send(std::move(*told));
  }

  void take(kind what, std::string name, std::string reason) {
    take({what, std::move(name), std::move(reason), with_.now()});
  }

  void look() {
    look_at_pauses();
    if (with_.parts)
      look_at_parts();
    for (auto& x : coalescer_.due(with_.now()))
      send(std::move(x));
    run_later(self_, with_.look_every, [this] { look(); });
  }

  // Whoever changes the board tells it, too; what was told to a predecessor of this actor is found here.
  void look_at_pauses() {
    const auto& board = *with_.pauses;
    if (!board.is_known())
      return;
    std::set<std::string> paused;
    for (const auto& x : board.all()) {
      take({kind::paused, to_string(x->what), x->how.reason, x->how.at});
      paused.insert(to_string(x->what));
    }
    std::vector<std::string> over;
    for (const auto& [about, said] : standing_)
      if (about.first == alarm::family_of(kind::resumed) && !paused.contains(about.second))
        over.push_back(about.second);
    for (auto& x : over)
      take(kind::resumed, std::move(x), "");
  }

  void look_at_parts() {
    const auto limit = with_.limits->sheds_after;
    for (const auto& x : with_.parts->rows(self_->clock().now())) {
      if (!with_.own_path.empty() && x.path.starts_with(with_.own_path))
        continue;
      if (x.oldest >= limit)
        take(kind::queue_aged, x.path, "a message has waited for " + std::to_string(x.oldest.count()) + " ms");
      else
        take(kind::queue_recovered, x.path, "");
    }
  }

  void look_at_letters() {
    const auto again = [this] { run_later(self_, with_.letters_every, [this] { look_at_letters(); }); };
    self_->request(with_.letters, with_.letters_every, dead_letter::list_groups{})
      .then(
        [this, again](const dead_letter::group_list& x) {
          counted(x);
          again();
        },
        [again](const caf::error&) { again(); });
  }

  void counted(const dead_letter::group_list& x) {
    auto before = std::exchange(groups_, {});
    for (const auto& group : x.groups) {
      const auto known = before.find(group.id);
      const bool anew = known == before.end();
      const auto more = anew ? group.count : group.count > known->second.count ? group.count - known->second.count : 1;
      groups_[group.id] = {group.last, group.count};
      if (anew || group.last > known->second.last || group.count > known->second.count)
        take({kind::dead_letter, std::string{name_of(group.cause.source)} + ' ' + group.cause.place, group.cause.code,
              group.last, more});
    }
  }

  // ---- telling it --------------------------------------------------------------------------------------------------

  void send(fact x) {
    if (waiting_.size() >= with_.waiting_max) {
      // The first may be on its way.
      waiting_.erase(waiting_.begin() + (under_way_ && waiting_.size() > 1 ? 1 : 0));
      report(notice_result::dropped, caf::make_error(ec::overloaded));
    }
    const auto now = with_.now();
    waiting_.push_back({now + with_.keep, {make_uuid7(now, with_.random), with_.node, std::move(x)}});
    send_first();
  }

  void send_first() {
    if (under_way_ || resting_)
      return;
    while (!waiting_.empty() && waiting_.front().until <= with_.now()) {
      waiting_.pop_front();
      report(notice_result::dropped, caf::make_error(ec::deadline));
    }
    if (waiting_.empty())
      return;
    under_way_ = true;
    self_
      ->request(with_.receiver, caf::infinite, request_context{"alarms", {}, time_point::max()}, waiting_.front().what)
      .then([this] { delivered(); }, [this](const caf::error& why) { failed(why); });
  }

  // Past those that wait: whoever asks wants to know how it is now, and nobody waits for it later.
  caf::result<alarm::tested> test(const request_context& context, const std::string& reason) {
    const auto now = with_.now();
    alarm::notice sent{make_uuid7(now, with_.random), with_.node, {kind::test, with_.node, reason, now}};
    auto promise = self_->make_response_promise<alarm::tested>();
    self_->request(with_.receiver, caf::infinite, context, sent)
      .then(
        [promise, id = sent.id]() mutable {
          promise.deliver(alarm::tested{id, std::nullopt});
        },
        [promise, id = sent.id](const caf::error& why) mutable {
          promise.deliver(alarm::tested{id, code_of(why)});
        });
    return promise;
  }

  void delivered() {
    under_way_ = false;
    failures_ = 0;
    waiting_.pop_front();
    report(notice_result::delivered, {});
    send_first();
  }

  // Whatever the reason: a wrong key or path is put right by people, and what waits is of use until then.
  void failed(const caf::error& why) {
    under_way_ = false;
    auto wait = with_.retry_min;
    for (std::uint32_t i = 0; i < failures_ && wait < with_.retry_max; ++i)
      wait *= 2;
    ++failures_;
    wait = std::max(std::min(wait, with_.retry_max), wait_of(why).value_or(duration{0}));
    resting_ = true;
    report(notice_result::failed, why);
    run_later(self_, wait, [this] {
      resting_ = false;
      send_first();
    });
  }

  void report(notice_result how, const caf::error& why) const {
    if (with_.observe)
      with_.observe(how, waiting_.size(), why);
  }

  struct waiting {
    time_point until;
    alarm::notice what;
  };
  struct group_seen {
    time_point last;
    std::size_t count = 0;
  };

  alarm_actor::pointer self_;
  alarm_settings with_;
  alarm::coalescer coalescer_;
  std::map<subject, std::string> standing_; // conditions that hold, with what was said of them
  std::map<std::string, group_seen> groups_;
  std::deque<waiting> waiting_;
  bool under_way_ = false;     // the first
  bool resting_ = false;       // until the next try
  std::uint32_t failures_ = 0; // in a row
};

} // namespace

std::string_view name_of(notice_result x) {
  switch (x) {
    case notice_result::delivered: return "delivered";
    case notice_result::failed: return "failed";
    case notice_result::dropped: return "dropped";
  }
  return "invalid";
}

alarm_actor spawn_alarms(const supervision::place& where, alarm_settings with) {
  return where.spawn<alarm_actor::stateful_impl<alarms_state>>(std::move(with));
}

void alarm_line::connect(const alarm_actor& x) {
  const std::lock_guard guard{mutex_};
  to_ = caf::actor_cast<caf::weak_actor_ptr>(x);
}

alarm_actor alarm_line::connected() const {
  const std::lock_guard guard{mutex_};
  return caf::actor_cast<alarm_actor>(to_.lock());
}

void alarm_line::raise(kind what, std::string subject, std::string reason, time_point at) const {
  if (const auto to = connected())
    caf::anon_send(to, fact{what, std::move(subject), std::move(reason), at});
}

resilience::observer telling_of_breakers(resilience::observer told, alarm_line_ptr line, clock_fn now) {
  // A guard says why its breaker moves before it says that it did.
  struct said {
    std::mutex mutex;
    std::string why;
  };
  auto last = std::make_shared<said>();
  told.decided = [last, inner = std::move(told.decided)](const resilience::decided& x) {
    if (x.what == "breaker") {
      const std::lock_guard guard{last->mutex};
      last->why = x.why;
    }
    if (inner)
      inner(x);
  };
  told.breaker = [last, line = std::move(line), now = std::move(now),
                  inner = std::move(told.breaker)](std::string_view service, resilience::breaker_state x) {
    if (x != resilience::breaker_state::half_open) {
      std::string why;
      {
        const std::lock_guard guard{last->mutex};
        why = last->why;
      }
      line->raise(x == resilience::breaker_state::open ? kind::breaker_opened : kind::breaker_closed,
                  std::string{service}, std::move(why), now());
    }
    if (inner)
      inner(service, x);
  };
  return told;
}

outlet::observer telling_of_lags(outlet::observer told, alarm_line_ptr line, clock_fn now) {
  told.lags = [line = std::move(line), now = std::move(now), inner = std::move(told.lags)](
                const std::string& outlet, const std::string& context, const outlet::lag& x) {
    const auto at = now();
    const auto age = x.oldest ? at - *x.oldest : duration{0};
    if (x.paused || age < outlet_age_max)
      line->raise(kind::queue_recovered, "outlet/" + outlet, "", at);
    else
      line->raise(
        kind::queue_aged, "outlet/" + outlet,
        "an event has waited for " + std::to_string(std::chrono::floor<std::chrono::seconds>(age).count()) + " s", at);
    if (inner)
      inner(outlet, context, x);
  };
  return told;
}

} // namespace troupe
