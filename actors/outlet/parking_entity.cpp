#include "actors/outlet/parking_entity.hpp"

#include <utility>

namespace troupe::outlet {

namespace {

constexpr duration again_after{1'000};  // of what the journal could not do
constexpr duration paused_look{60'000}; // while the outlet is paused
constexpr std::string_view letters_from = "outlet/";

request_context own_context(const std::string& outlet) {
  return {"outlet/" + outlet, {}, time_point::max()};
}

journal::read_stream reading(const place& where, std::uint64_t version) {
  return {{where.context, where.entity}, version, 1};
}

dead_letter::letter letter_of(const place& where, const lost_item& x, const journal::stored_event* event) {
  dead_letter::letter out;
  const bool unreadable = x.code == ec::unknown_type || x.code == ec::store_damaged;
  out.source = unreadable ? dead_letter::source::poisoned_event : dead_letter::source::outlet_gave_up;
  out.code = to_string(x.code);
  out.place = std::string{letters_from} + name_of(where.outlet, where.context);
  out.summary = x.item.type + (unreadable ? " cannot be read" : " was not taken");
  out.about = {where.context, where.entity, x.item.version, {}};
  out.attempts = x.deliveries;
  if (event) {
    out.origin = event->principal;
    out.trace = event->trace;
  }
  return out;
}

} // namespace

parking_entity::parking_entity(pointer self, std::string key, entity::environment env,
                               entity::recovered<outlet::state> from, caf::actor region,
                               shared_parking_dependencies deps)
  : super(self, std::move(key), std::move(env), std::move(from), std::move(region)), deps_(std::move(deps)) {}

parking_entity::handle_type::behavior_type parking_entity::make_behavior() {
  started();
  return {
    [this](const request_context& context, const park& command) {
      touched();
      return commit<parking_view>(context, decide(state(), command, env().now(), *deps_->policy),
                                  [this](const outlet::state&, std::uint64_t) { return seen(); });
    },
    [this](const request_context&, const await_drained&) -> caf::result<parking_view> {
      touched();
      if (state().items.empty() && !writing()) {
        retire_if_empty();
        return seen();
      }
      proceed(); // A successor may know of it by this question only.
      return waiting_.emplace_back(self()->make_response_promise<parking_view>());
    },
    [this](entity::wake) {
      proceed();
      rearm_wake_up();
    },
    [this](entity::stop) { return on_stop(); },
  };
}

void parking_entity::on_stored() {
  proceed();
}

// A successor wakes it when this actor is gone; this one has a timer of its own.
std::optional<time_point> parking_entity::wake_up() const {
  if (state().idle())
    return std::nullopt;
  const auto soon = env().now() + (stands_still() ? paused_look : entity::resumed_after);
  return state().lost.empty() ? std::max(state().next_at, soon) : soon;
}

void parking_entity::proceed() {
  if (failed() || writing())
    return;
  if (state().items.empty())
    for (auto& x : std::exchange(waiting_, {}))
      x.deliver(seen());
  record_first();
  deliver_first();
}

void parking_entity::look_again(duration after) {
  const auto at = env().now() + after;
  if (timer_at_ && *timer_at_ <= at && *timer_at_ > env().now())
    return;
  timer_at_ = at;
  run_later(self(), after, [this] {
    timer_at_.reset();
    proceed();
  });
}

void parking_entity::deliver_first() {
  if (delivering_ || state().items.empty())
    return;
  if (const auto wait = state().next_at - env().now(); wait > duration{0})
    return look_again(wait);
  if (stands_still())
    return look_again(deps_->pauses->is_known() ? paused_look : again_after);
  delivering_ = true;
  const auto first = state().items.front();
  self()
    ->request(env().journal, caf::infinite, reading(state().where, first.version))
    .then(
      [this, first](const journal::page& page) {
        if (page.events.empty())
          note(first.offset, ec::store_damaged);
        else
          pass_on(page.events.front());
      },
      [this, first](const caf::error& why) {
        if (code_of(why) == ec::store_damaged)
          return note(first.offset, ec::store_damaged);
        delivering_ = false; // Nothing was tried.
        look_again(again_after);
      });
}

void parking_entity::pass_on(const journal::stored_event& event) {
  const auto offset = event.offset;
  const auto& where = state().where;
  const auto found = deps_->outlets.find(name_of(where.outlet, where.context));
  if (found == deps_->outlets.end())
    return note(offset, ec::unavailable); // An outlet that is not configured any more.
  const auto& about = found->second;
  deliver message{about.name, std::make_shared<const journal::stored_event>(event), {}};
  const auto failed = [this, event = message.event, &about](ec why) {
    if (deps_->observe.failed)
      deps_->observe.failed(about.name, *event, why);
    note(event->offset, why);
  };
  if (about.form) {
    auto form = about.form(event);
    if (!form)
      return failed(code_of(form.error(), ec::store_damaged));
    if (!*form)
      return note(offset, std::nullopt);
    message.form = std::move(*form);
  }
  self()
    ->request(about.sink, about.timeout, message)
    .then(
      [this, message, &about] {
        if (deps_->observe.delivered)
          deps_->observe.delivered(about.name, message);
        note(message.event->offset, std::nullopt);
      },
      [failed](const caf::error& why) { failed(why == caf::sec::request_timeout ? ec::timed_out : code_of(why)); });
}

void parking_entity::note(std::uint64_t offset, std::optional<ec> why) {
  delivering_ = false;
  if (failed())
    return;
  commit(own_context(state().where.outlet), decide(state(), note_delivery{offset, why}, env().now(), *deps_->policy));
  if (!writing())
    proceed();
}

void parking_entity::record_first() {
  if (recording_ || state().lost.empty())
    return;
  recording_ = true;
  const auto lost = state().lost.front();
  self()
    ->request(env().journal, caf::infinite, reading(state().where, lost.item.version))
    .then(
      [this, lost](const journal::page& page) { record(lost, page.events.empty() ? nullptr : &page.events.front()); },
      [this, lost](const caf::error&) { record(lost, nullptr); });
}

void parking_entity::record(const lost_item& x, const journal::stored_event* event) {
  const auto& where = state().where;
  const auto id =
    dead_letter::id_of(where.key() + '/' + std::to_string(x.item.version) + '/' + std::to_string(x.number));
  self()
    ->request(deps_->letters, caf::infinite, own_context(where.outlet),
              dead_letter::record{id, letter_of(where, x, event)})
    .then(
      [this, number = x.number](const dead_letter::view&) {
        recording_ = false;
        if (failed())
          return;
        commit(own_context(state().where.outlet), decide(state(), note_letter{number}));
      },
      [this](const caf::error&) {
        recording_ = false;
        look_again(again_after);
      });
}

// ---- replaying -----------------------------------------------------------------------------------------------------

dead_letter::replayer_actor::behavior_type make_replayer(dead_letter::replayer_actor::pointer self,
                                                         journal::journal_actor journal, parking_actor parking) {
  return {
    [self, journal, parking](const request_context& context, const dead_letter::replay_letter& x) -> caf::result<void> {
      const auto& about = x.letter.about;
      const auto slash = x.letter.place.rfind('/');
      if (!x.letter.place.starts_with(letters_from) || slash < letters_from.size())
        return caf::make_error(ec::refused, "not a letter of an outlet: " + x.letter.place);
      const place where{x.letter.place.substr(letters_from.size(), slash - letters_from.size()), about.context,
                        about.key};
      auto promise = self->make_response_promise<void>();
      self->request(journal, caf::infinite, reading(where, about.version))
        .then(
          [self, parking, context, where, promise](const journal::page& page) mutable {
            if (page.events.empty())
              return promise.deliver(caf::make_error(ec::store_damaged, std::string{"its event is not stored"}));
            const auto& event = page.events.front();
            self
              ->request(parking, caf::infinite, context,
                        park{where, {event.offset, event.version, event.type}, std::nullopt, true})
              .then([promise](const parking_view&) mutable { promise.deliver(); },
                    [promise](const caf::error& why) mutable { promise.deliver(why); });
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
      return promise;
    }};
}

} // namespace troupe::outlet
