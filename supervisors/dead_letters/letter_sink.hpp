// supervisors/dead_letters/letter_sink.hpp: makes dead letters of stored facts, so that no crash between the two loses
// one.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "supervisors/supervision/supervisor.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <optional>
#include <utility>

namespace troupe {

/// A sink of events that each tell of something given up. It asks whoever the event is about how things are now, and
/// has taken the event over once the letter is durable, or when there is nothing to tell of any more.
///
/// `Subject` has `actor`, whom to ask; `question(const std::string& key)`, what to ask; and
/// `letter_of(const Answer&)`, the letter if there is to be one, where `answer` names the type of the answer.
template <class Subject> class letter_sink {
public:
  static constexpr const char* name = "letter_sink";

  letter_sink(outlet::sink_actor::pointer self, Subject subject, dead_letter::dead_letter_actor letters)
    : self_(self), subject_(std::move(subject)), letters_(std::move(letters)) {}

  outlet::sink_actor::behavior_type make_behavior() {
    return {[this](const outlet::deliver& x) -> caf::result<void> {
      auto reply = self_->make_response_promise<void>();
      request_context context{"outlet/" + x.outlet, trace_context::parse(x.event->trace).value_or(trace_context{}),
                              time_point::max()};
      self_->request(subject_.actor, patience, context, subject_.question(x.event->stream.key))
        .then([this, reply, context](const typename Subject::answer& now) mutable { tell_of(now, context, reply); },
              [reply](const caf::error& why) mutable { reply.deliver(caf::make_error(code_of(why))); });
      return reply;
    }};
  }

private:
  static constexpr duration patience{10'000};

  void tell_of(const typename Subject::answer& now, const request_context& context,
               caf::typed_response_promise<void> reply) {
    const std::optional<dead_letter::record> letter = subject_.letter_of(now);
    if (!letter)
      return reply.deliver();
    self_->request(letters_, patience, context, *letter)
      .then([reply](const dead_letter::view&) mutable { reply.deliver(); },
            [reply](const caf::error& why) mutable { reply.deliver(caf::make_error(code_of(why))); });
  }

  outlet::sink_actor::pointer self_;
  Subject subject_;
  dead_letter::dead_letter_actor letters_;
};

template <class Subject>
outlet::sink_actor spawn_letter_sink(const supervision::place& where, Subject subject,
                                     dead_letter::dead_letter_actor letters) {
  return where.spawn<outlet::sink_actor::stateful_impl<letter_sink<Subject>>>(std::move(subject), std::move(letters));
}

} // namespace troupe
