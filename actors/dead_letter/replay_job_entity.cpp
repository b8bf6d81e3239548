#include "actors/dead_letter/replay_job_entity.hpp"

#include <algorithm>
#include <utility>

namespace troupe::dead_letter::job {

namespace {

constexpr duration tick_every{100};
constexpr duration again_after{1'000};
constexpr std::size_t page_letters = 200;

} // namespace

replay_job_entity::replay_job_entity(pointer self, std::string key, entity::environment env,
                                     entity::recovered<job::state> from, caf::actor region,
                                     shared_job_dependencies deps)
  : super(self, std::move(key), std::move(env), std::move(from), std::move(region)), deps_(std::move(deps)),
    taken_(state().done) {}

replay_job_entity::handle_type::behavior_type replay_job_entity::make_behavior() {
  started();
  run();
  return {
    [this](const request_context& context, const begin& command) {
      return answer(context, decide(state(), command, context.principal));
    },
    [this](const request_context& context, const stop_job& command) {
      return answer(context, decide(state(), command, context.principal));
    },
    [this](const request_context& context, const get_job&) -> caf::result<view> {
      if (state().status == status::none)
        return answer(context, rejection::unknown_job);
      return answer(context, std::vector<event>{});
    },
    [this](entity::wake) {
      run();
      rearm_wake_up();
    },
    [this](entity::stop) { return on_stop(); },
  };
}

caf::result<view> replay_job_entity::answer(const request_context& context, decision what) {
  touched();
  auto result = commit<view>(context, std::move(what), [this](const job::state& s, std::uint64_t) {
    return view{{key()}, s};
  });
  retire_if_empty();
  return result;
}

// Who asked for the job answers for each of its replays; the job itself stands in the letter's history, too.
request_context replay_job_entity::own_context() const {
  return {state().by, {}, time_point::max()};
}

std::optional<time_point> replay_job_entity::wake_up() const {
  if (state().status != status::running)
    return std::nullopt;
  return env().now() + entity::resumed_after;
}

void replay_job_entity::on_stored() {
  run();
}

void replay_job_entity::run() {
  if (failed() || writing() || state().status != status::running || std::exchange(running_, true))
    return;
  tick();
}

void replay_job_entity::tick() {
  const bool going = state().status == status::running;
  if (failed() || (!going && in_flight_.empty())) {
    running_ = false;
    return;
  }
  if (!going)
    next_.clear(); // What is on its way comes to its end.
  const std::uint64_t rate = state().rate_per_second;
  credit_ =
    std::min(credit_ + rate * static_cast<std::uint64_t>(tick_every.count()), std::max<std::uint64_t>(rate, 1) * 1'000);
  while (credit_ >= 1'000 && !next_.empty() && pending_ < deps_->in_flight_max) {
    credit_ -= 1'000;
    const auto letter = std::move(next_.front());
    next_.pop_front();
    replay_one(letter);
  }
  save();
  read_more();
  run_later(self(), tick_every, [this] { tick(); });
}

void replay_job_entity::read_more() {
  if (state().status != status::running || reading_ || no_more_ || next_.size() > page_letters / 2)
    return;
  reading_ = true;
  list_letters question{state().group, {}, page_letters};
  if (!taken_.id.value.empty())
    question.after = taken_;
  self()
    ->request(deps_->directory, caf::infinite, std::move(question))
    .then(
      [this](const letter_list& page) {
        if (page.loading) { // What it does not know yet may come before what it knows.
          run_later(self(), again_after, [this] { reading_ = false; });
          return;
        }
        reading_ = false;
        no_more_ = !page.more;
        for (const auto& x : page.letters) {
          taken_ = {x.recorded_at, x.id};
          if (x.recorded_at > state().begun_at) {
            no_more_ = true; // It came after the job.
            break;
          }
          next_.push_back(x);
        }
      },
      [this](const caf::error&) { run_later(self(), again_after, [this] { reading_ = false; }); });
}

void replay_job_entity::replay_one(const entry& x) {
  const cursor which{x.recorded_at, x.id};
  in_flight_[which] = outcome::pending;
  ++pending_;
  self()
    ->request(deps_->letters, caf::infinite, own_context(), replay{x.id, state().reason, key()})
    .then(
      [this, which](const dead_letter::view&) {
        self()
          ->request(deps_->letters, caf::infinite, own_context(), await_replay{which.id})
          .then(
            [this, which](const dead_letter::view& now) {
              note(which, now.of.status == dead_letter::status::replayed ? outcome::replayed : outcome::failed);
            },
            [this, which](const caf::error&) { note(which, outcome::failed); });
      },
      [this, which](const caf::error& why) {
        const bool rejected = why.category() == caf::type_id_v<dead_letter::rejection>;
        note(which, rejected ? outcome::skipped : outcome::failed);
      });
}

void replay_job_entity::note(const cursor& which, outcome what) {
  in_flight_[which] = what;
  --pending_;
}

// The cursor stands before the first letter that is on its way: what a crash interrupts begins again there, and a
// letter that this job has asked before does not heed it.
void replay_job_entity::save() {
  if (writing())
    return;
  note_progress progress;
  auto end = in_flight_.begin();
  for (; end != in_flight_.end() && end->second != outcome::pending; ++end) {
    progress.to = end->first;
    progress.replayed += end->second == outcome::replayed;
    progress.failed += end->second == outcome::failed;
    progress.skipped += end->second == outcome::skipped;
  }
  if (end != in_flight_.begin()) {
    in_flight_.erase(in_flight_.begin(), end);
    commit(own_context(), decide(state(), progress));
  }
  if (state().status == status::running && no_more_ && !reading_ && next_.empty() && in_flight_.empty())
    commit(own_context(), decide(state(), note_end{}));
}

} // namespace troupe::dead_letter::job
