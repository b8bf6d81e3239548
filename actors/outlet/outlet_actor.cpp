#include "actors/outlet/outlet_actor.hpp"

#include "actors/kernel/enum_names.hpp"
#include "actors/timer.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace troupe::outlet {

namespace {

constexpr duration again_after{500}; // of what the journal could not do
constexpr std::size_t parked_page = 1'000;

request_context own_context(const definition& x) {
  return {"outlet/" + x.name, {}, time_point::max()};
}

} // namespace

std::string to_string(rejection x) {
  switch (x) {
    case rejection::too_many_parked: return "too_many_parked";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

outlet_actor_state::outlet_actor_state(outlet_actor::pointer self, definition about, dependencies deps)
  : self_(self), about_(std::move(about)), deps_(std::move(deps)), shards_(shard_count) {
  ensure(about_.page_events > 0 && about_.page_events <= about_.queued_max, "an outlet takes whole pages");
}

outlet_actor_state::~outlet_actor_state() {
  tick_.dispose();
  check_.dispose();
}

outlet_actor::behavior_type outlet_actor_state::make_behavior() {
  check();
  find_parked(std::nullopt);
  tick();
  return {
    [this](const journal::notice& news) { on_notice(news); },
    [this](look_again) { pump(); },
    [this](const entity::gained& x) { on_gained(x.shards); },
    [this](const entity::evict& x) { on_evict(x.shards); },
    [this](get_status) {
      return status{started_, queued_, in_flight_, behind_.size(), measure()};
    },
  };
}

// ---- beginning, and beginning again --------------------------------------------------------------------------------

// A journal that was started anew knows nobody, and cannot say so: who listens asks.
void outlet_actor_state::check() {
  journal::subscribe wish;
  wish.outlet = about_.name;
  wish.context = about_.context;
  wish.types = about_.types;
  wish.to = journal::subscriber_actor{self_};
  self_->request(deps_.journal, about_.timeout, std::move(wish))
    .then(
      [this](journal::subscribed x) {
        if (x.anew && deps_.observe.subscribed)
          deps_.observe.subscribed(about_.name, about_.context, about_.types);
        if (x.anew || !positions_known_)
          look_at_positions();
        check_ = run_later(self_, about_.check_every, [this] { check(); });
      },
      [this](const caf::error& why) {
        complain(why);
        check_ = run_later(self_, again_after, [this] { check(); });
      });
}

void outlet_actor_state::look_at_positions() {
  self_->request(deps_.journal, about_.timeout, journal::read_positions{about_.name, about_.context})
    .then(
      [this](const journal::position_page& page) {
        for (const auto& x : page.items) {
          if (!deps_.held.holds(x.shard))
            continue;
          auto& shard = shards_[x.shard];
          if (fresh_.test(x.shard))
            shard.progress = outlet::progress{x.saved};
          shard.saved = x.saved; // What was sent to a journal that is gone must be sent again.
          shard.last = std::max(shard.last, x.last);
          if (x.last > shard.progress.seen())
            behind_.insert(x.shard);
        }
        fresh_ &= ~deps_.held.all(); // Those without events are at their beginning.
        positions_known_ = true;
        if (std::exchange(look_again_, false))
          look_at_positions();
        start();
      },
      [this](const caf::error& why) {
        complain(why);
        run_later(self_, again_after, [this] { look_at_positions(); });
      });
}

void outlet_actor_state::on_gained(const journal::shard_set& shards) {
  for (std::uint16_t number = 0; number < shard_count; ++number)
    if (shards.test(number))
      shards_[number] = {{}, 0, 0, false, shards_[number].stay + 1};
  fresh_ |= shards;
  // Nothing goes out until it is known again what is parked, and from where the new shards go on.
  started_ = parked_known_ = positions_known_ = false;
  find_parked(std::nullopt);
  look_at_positions();
}

// What is on its way to the sink arrives; its mark is refused, so that it may arrive again from the next owner.
void outlet_actor_state::on_evict(const journal::shard_set& shards) {
  for (std::uint16_t number = 0; number < shard_count; ++number)
    if (shards.test(number)) {
      behind_.erase(number);
      ++shards_[number].stay;
    }
  for (auto next = lines_.begin(); next != lines_.end();) {
    const auto found = next++;
    auto& events = found->second.events;
    if (events.empty() || !shards.test(events.front().event->shard))
      continue;
    const std::size_t kept = found->second.busy ? 1 : 0;
    queued_ -= events.size() - kept;
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(kept), events.end());
    if (kept == 0) {
      ready_.erase(std::remove(ready_.begin(), ready_.end(), found->first), ready_.end());
      lines_.erase(found);
    }
  }
  std::erase_if(parked_, [&](const auto& x) { return shards.test(shard_of(x.first)); });
  pump();
}

// An entity with parked events has a stored wake-up, so that a page of those names them all.
void outlet_actor_state::find_parked(std::optional<journal::wake_up> after) {
  self_->request(deps_.journal, about_.timeout, journal::read_due{"outlet", time_point::max(), after, parked_page})
    .then(
      [this](const journal::due_page& due) {
        const auto prefix = name_of(about_.name, about_.context) + '/';
        for (const auto& x : due.items)
          if (x.stream.key.starts_with(prefix))
            if (auto entity = x.stream.key.substr(prefix.size()); deps_.held.holds(shard_of(entity)))
              parked_.try_emplace(std::move(entity));
        if (due.items.size() == parked_page)
          return find_parked(due.items.back());
        parked_known_ = true;
        start();
      },
      [this, after](const caf::error& why) {
        complain(why);
        run_later(self_, again_after, [this, after] { find_parked(after); });
      });
}

void outlet_actor_state::start() {
  if (!positions_known_ || !parked_known_)
    return;
  if (!std::exchange(started_, true))
    for (auto& [entity, x] : parked_)
      if (!std::exchange(x.awaited, true))
        await_end_of_parking(entity);
  pump();
}

// ---- what comes in -------------------------------------------------------------------------------------------------

bool outlet_actor_state::wants(const std::string& type) const {
  return about_.types.empty() || std::find(about_.types.begin(), about_.types.end(), type) != about_.types.end();
}

void outlet_actor_state::on_notice(const journal::notice& news) {
  for (const auto& x : news.runs)
    on_run(x);
  for (const auto shard : news.missed)
    fall_behind(shard);
  if (news.all_missed && positions_known_)
    look_at_positions();
  else if (news.all_missed)
    look_again_ = true;
  pump();
}

void outlet_actor_state::on_run(const journal::run& x) {
  if (!deps_.held.holds(x.shard))
    return;
  auto& shard = shards_[x.shard];
  if (!x.events.empty())
    shard.last = std::max(shard.last, x.events.back()->offset);
  const bool too_much = queued_ + x.events.size() > about_.queued_max;
  if (!started_ || too_much || behind_.contains(x.shard) || x.after > shard.progress.seen())
    return fall_behind(x.shard);
  for (const auto& event : x.events)
    if (event->offset > shard.progress.seen())
      take(shard, event);
}

void outlet_actor_state::fall_behind(std::uint16_t shard) {
  if (!deps_.held.holds(shard))
    return;
  behind_.insert(shard);
  shards_[shard].changed = true;
}

void outlet_actor_state::take(shard_state& shard, journal::event_ptr event) {
  shard.progress.take(event->offset, event->recorded_at);
  auto& line = lines_[event->stream.key];
  if (line.events.empty() && !line.busy)
    ready_.push_back(event->stream.key);
  line.events.push_back({std::move(event), {}, 0, shard.stay});
  ++queued_;
}

// One shard at a time, in turns: a shard that grows as fast as it is read does not keep the others waiting.
void outlet_actor_state::read_more() {
  if (!started_ || reading_ || behind_.empty() || queued_ + about_.page_events > about_.queued_max)
    return;
  auto next = behind_.upper_bound(read_last_);
  if (next == behind_.end())
    next = behind_.begin();
  const auto shard = read_last_ = *next;
  shards_[shard].changed = false;
  reading_ = true;
  self_
    ->request(deps_.journal, about_.timeout,
              journal::read_shard{about_.context, shard, shards_[shard].progress.seen() + 1, about_.page_events})
    .then(
      [this, shard](const journal::page& page) {
        reading_ = false;
        on_page(shard, page.events);
        pump();
      },
      [this](const caf::error& why) {
        complain(why);
        run_later(self_, again_after, [this] {
          reading_ = false;
          read_more();
        });
      });
}

void outlet_actor_state::on_page(std::uint16_t shard, const std::vector<journal::stored_event>& events) {
  auto& at = shards_[shard];
  if (!deps_.held.holds(shard) || fresh_.test(shard))
    return; // It has gone meanwhile, or has come back.
  for (const auto& x : events) {
    if (x.offset <= at.progress.seen())
      continue;
    if (wants(x.type))
      take(at, std::make_shared<const journal::stored_event>(x));
    else
      at.progress.skip(x.offset);
  }
  at.last = std::max(at.last, at.progress.seen());
  if (events.size() < about_.page_events && !at.changed)
    behind_.erase(shard);
}

// ---- what goes out -------------------------------------------------------------------------------------------------

void outlet_actor_state::pump() {
  if (std::exchange(pumping_, true))
    return; // An event that nobody is to have ends within its beginning.
  while (started_ && in_flight_ < about_.in_flight_max && !ready_.empty() && !stands_still()) {
    const auto entity = std::move(ready_.front());
    ready_.pop_front();
    begin(entity);
  }
  pumping_ = false;
  read_more();
}

void outlet_actor_state::begin(const std::string& entity) {
  lines_[entity].busy = true;
  ++in_flight_;
  if (parked_.contains(entity))
    send_to_parking(entity, std::nullopt);
  else
    pass_on(entity);
}

void outlet_actor_state::pass_on(const std::string& entity) {
  auto& first = lines_[entity].events.front();
  deliver message{about_.name, first.event, {}};
  if (about_.form) {
    auto form = about_.form(*first.event);
    if (!form)
      return on_failed(entity, code_of(form.error(), ec::store_damaged));
    if (!*form)
      return finish(entity);
    message.form = first.form = std::move(*form);
  }
  self_->request(about_.sink, about_.timeout, std::move(message))
    .then([this, entity] { on_delivered(entity); },
          [this, entity](const caf::error& why) {
            on_failed(entity, why == caf::sec::request_timeout ? ec::timed_out : code_of(why));
          });
}

void outlet_actor_state::on_delivered(const std::string& entity) {
  failures_ = 0;
  auto& first = lines_[entity].events.front();
  if (deps_.observe.delivered)
    deps_.observe.delivered(about_.name, {about_.name, first.event, std::move(first.form)});
  finish(entity);
}

void outlet_actor_state::on_failed(const std::string& entity, ec why) {
  auto& first = lines_[entity].events.front();
  if (deps_.observe.failed)
    deps_.observe.failed(about_.name, *first.event, why);
  ++first.tries;
  if (is_transient(why) && first.tries < about_.tries_max)
    return try_later(entity, first.tries);
  if (is_transient(why))
    ++failures_;
  // Where all fails it is the sink: parking everything would only move the queue, and end in dead letters.
  const bool sink_fails = is_transient(why) && failures_ >= about_.failures_max;
  if (sink_fails || parked_.size() >= about_.parked_max)
    return try_later(entity, first.tries);
  send_to_parking(entity, why);
}

void outlet_actor_state::try_later(const std::string& entity, std::uint32_t tries) {
  --in_flight_;
  const policy waits{0, about_.retry_min, about_.retry_max, 0};
  run_later(self_, wait_after(tries, waits), [this, entity] {
    ready_.push_front(entity);
    pump();
  });
  pump();
}

void outlet_actor_state::send_to_parking(const std::string& entity, std::optional<ec> failed) {
  const auto& event = *lines_[entity].events.front().event;
  auto& known = parked_[entity];
  known.last_offset = std::max(known.last_offset, event.offset);
  park command{{about_.name, about_.context, entity}, {event.offset, event.version, event.type}, failed};
  self_->request(deps_.parking, caf::infinite, own_context(about_), std::move(command))
    .then(
      [this, entity](const parking_view&) {
        if (!std::exchange(parked_[entity].awaited, true))
          await_end_of_parking(entity);
        finish(entity);
      },
      [this, entity](const caf::error& why) {
        complain(why); // It may be parked or not: until that is known, nothing of this entity goes to the sink.
        try_later(entity, about_.tries_max);
      });
}

void outlet_actor_state::await_end_of_parking(const std::string& entity) {
  self_
    ->request(deps_.parking, caf::infinite, own_context(about_), await_drained{{about_.name, about_.context, entity}})
    .then(
      [this, entity](const parking_view& x) {
        const auto found = parked_.find(entity);
        if (found == parked_.end())
          return;
        if (found->second.last_offset > x.last_offset) { // Another event is on its way there, or about to be.
          run_later(self_, again_after, [this, entity] { await_end_of_parking(entity); });
          return;
        }
        parked_.erase(found);
        pump();
      },
      [this, entity](const caf::error&) {
        run_later(self_, again_after, [this, entity] { await_end_of_parking(entity); });
      });
}

void outlet_actor_state::finish(const std::string& entity) {
  const auto found = lines_.find(entity);
  auto& line = found->second;
  const auto& event = *line.events.front().event;
  if (auto& shard = shards_[event.shard]; shard.stay == line.events.front().stay)
    shard.progress.finish(event.offset);
  line.events.pop_front();
  line.busy = false;
  --queued_;
  --in_flight_;
  if (line.events.empty())
    lines_.erase(found);
  else
    ready_.push_back(entity);
  pump();
}

// ---- what is told --------------------------------------------------------------------------------------------------

// A mark that a crash takes is only older than it could be.
void outlet_actor_state::tick() {
  journal::save_offsets moved;
  for (std::uint16_t number = 0; number < shard_count; ++number) {
    auto& shard = shards_[number];
    if (const auto mark = shard.progress.mark(); started_ && mark > shard.saved && deps_.held.holds(number)) {
      moved.marks.push_back({about_.name, about_.context, number, mark, 0});
      shard.saved = mark;
    }
  }
  if (!moved.marks.empty())
    caf::anon_send(deps_.journal, std::move(moved));
  if (deps_.observe.lags)
    deps_.observe.lags(about_.name, about_.context, measure());
  pump(); // What it stood still for may be over, and nobody said so.
  tick_ = run_later(self_, about_.save_every, [this] { tick(); });
}

outlet::lag outlet_actor_state::measure() const {
  outlet::lag result;
  result.events = queued_;
  result.parked = parked_.size();
  result.paused = stands_still();
  for (std::uint16_t number = 0; number < shard_count; ++number) {
    if (!deps_.held.holds(number))
      continue;
    const auto& shard = shards_[number];
    if (shard.last > shard.progress.seen())
      result.events += shard.last - shard.progress.seen();
    if (const auto at = shard.progress.oldest(); at && (!result.oldest || *at < *result.oldest))
      result.oldest = at;
  }
  return result;
}

void outlet_actor_state::complain(const caf::error& why) const {
  if (deps_.observe.troubled)
    deps_.observe.troubled(about_.name, about_.context, why);
}

} // namespace troupe::outlet
