#include "actors/dead_letter/dead_letter_entity.hpp"

#include <utility>

namespace troupe::dead_letter {

namespace {

constexpr duration stored_lingers{1'000}; // in memory

} // namespace

entry entry_of(const letter_id& id, const state& s) {
  return {
    id, {s.letter.source, s.letter.code, s.letter.place}, s.status, s.recorded_at, s.letter.attempts, s.letter.summary};
}

dead_letter_entity::dead_letter_entity(pointer self, std::string key, entity::environment env,
                                       entity::recovered<dead_letter::state> from, caf::actor region,
                                       shared_letter_dependencies deps)
  : super(self, std::move(key), std::move(env), std::move(from), std::move(region)), deps_(std::move(deps)) {}

dead_letter_entity::handle_type::behavior_type dead_letter_entity::make_behavior() {
  started();
  return {
    [this](const request_context& context, const record& command) { return answer(context, decide(state(), command)); },
    [this](const request_context& context, const replay& command) {
      return answer(context, decide(state(), command, context.principal, can_replay()));
    },
    [this](const request_context& context, const discard& command) {
      return answer(context, decide(state(), command, context.principal));
    },
    [this](const request_context& context, const get_letter&) -> caf::result<view> {
      if (state().status == status::none)
        return answer(context, rejection::unknown_letter);
      return answer(context, std::vector<event>{});
    },
    [this](const request_context& context, const await_replay&) -> caf::result<view> {
      if (state().status == status::none)
        return answer(context, rejection::unknown_letter);
      if (state().status != status::replaying)
        return answer(context, std::vector<event>{});
      if (waiting_.size() >= env().buffered_max)
        return caf::make_error(ec::overloaded);
      auto promise = waiting_.emplace_back(self()->make_response_promise<view>());
      proceed(); // A successor may know of it by this question only.
      return promise;
    },
    [this](entity::wake) {
      proceed();
      rearm_wake_up();
    },
    [this](entity::stop) { return on_stop(); },
  };
}

view dead_letter_entity::seen() const {
  return {{key()}, state(), can_replay()};
}

bool dead_letter_entity::can_replay() const {
  const auto& x = state().letter;
  if (!deps_->replayers->contains(x.source))
    return false;
  return x.source != source::undeliverable_message || (!x.sealed.empty() && deps_->reachable->contains(x.place));
}

caf::result<view> dead_letter_entity::answer(const request_context& context, decision outcome) {
  touched();
  auto result =
    commit<view>(context, std::move(outcome), [this](const dead_letter::state&, std::uint64_t) { return seen(); });
  retire_if_empty();
  return result;
}

void dead_letter_entity::on_stored() {
  caf::anon_send(deps_->directory, changed{entry_of({key()}, state()), version()});
  proceed();
  // Few are looked at again soon, and in an outage many come at once.
  if (state().status != status::replaying)
    run_later(self(), stored_lingers, [this] { retire(); });
}

std::optional<time_point> dead_letter_entity::wake_up() const {
  switch (state().status) {
    case status::open: return state().recorded_at + open_wake_up;
    case status::replaying: return env().now() + entity::resumed_after;
    case status::none:
    case status::replayed:
    case status::discarded: return std::nullopt;
  }
  return std::nullopt;
}

// What is stored decides: after a crash the same replay is carried out again, under the same key.
void dead_letter_entity::proceed() {
  if (failed() || writing())
    return;
  if (state().status != status::replaying) {
    for (auto& x : std::exchange(waiting_, {}))
      x.deliver(seen());
    return;
  }
  if (std::exchange(replaying_, true))
    return;
  const auto number = state().replays;
  const auto found = deps_->replayers->find(state().letter.source);
  if (found == deps_->replayers->end())
    return note(number, ec::refused); // It could be replayed when that was asked for.
  request_context context{"dead_letter/" + key(), {}, time_point::max()};
  if (const auto trace = trace_context::parse(state().letter.trace))
    context.trace = *trace;
  self()
    ->request(found->second, deps_->replay_timeout, context,
              replay_letter{{key()}, replay_key({key()}, number), state().letter})
    .then([this, number] { note(number, std::nullopt); },
          [this, number](const caf::error& why) {
            note(number, why == caf::sec::request_timeout ? ec::timed_out : code_of(why));
          });
}

void dead_letter_entity::note(std::uint32_t replay, std::optional<ec> why) {
  replaying_ = false;
  if (failed())
    return;
  commit({"dead_letter/" + key(), {}, time_point::max()}, decide(state(), note_replay{replay, why}));
  if (!writing()) // It was of an earlier replay, and another may wait.
    proceed();
}

} // namespace troupe::dead_letter
