#include "supervisors/resilience/circuit_breaker.hpp"

#include <algorithm>
#include <utility>

namespace troupe::resilience {

namespace {

constexpr duration probe_wait{1'000}; // while others find out whether the service is back

} // namespace

std::string_view name_of(breaker_state x) {
  switch (x) {
    case breaker_state::closed: return "closed";
    case breaker_state::open: return "open";
    case breaker_state::half_open: return "half_open";
  }
  return "invalid";
}

std::optional<circuit_breaker::generation> circuit_breaker::admit(time_point now) {
  if (refuses(now))
    return std::nullopt;
  if (state_ == breaker_state::open)
    enter(breaker_state::half_open, now);
  if (state_ == breaker_state::half_open)
    ++probes_;
  return generation_;
}

bool circuit_breaker::refuses(time_point now) const {
  if (mode_ != breaker_mode::automatic)
    return mode_ == breaker_mode::forced_open;
  switch (state_) {
    case breaker_state::closed: return false;
    // A clock that was set back must not keep it open for longer than the open time.
    case breaker_state::open: return now < opened_at_ + open_time() && opened_at_ <= now + open_time();
    case breaker_state::half_open: return probes_ >= rules_.half_open_calls;
  }
  return false;
}

duration circuit_breaker::wait(time_point now) const {
  if (!refuses(now))
    return duration{0};
  if (mode_ == breaker_mode::forced_open)
    return rules_.open_time; // Nobody knows; it is as good a time as any to look again.
  return state_ == breaker_state::open ? opened_at_ + open_time() - now : probe_wait;
}

void circuit_breaker::give_back(generation x) {
  if (x == generation_ && state_ == breaker_state::half_open && probes_ > 0)
    --probes_;
}

void circuit_breaker::told_nothing(generation x, time_point) {
  give_back(x);
}

void circuit_breaker::succeeded(generation x, time_point now) {
  if (x != generation_ || mode_ != breaker_mode::automatic)
    return;
  if (state_ == breaker_state::half_open)
    return enter(breaker_state::closed, now);
  failures_ = 0;
  if (rules_.failure_percent > 0)
    window_.add(now, 1, 0);
}

void circuit_breaker::failed(generation x, time_point now) {
  if (x != generation_ || mode_ != breaker_mode::automatic)
    return;
  if (state_ == breaker_state::half_open)
    return open_by_itself("the service still failed when it was tried again", now);
  ++failures_;
  if (rules_.failure_percent > 0)
    window_.add(now, 1, 1);
  if (auto fired = trigger(now); !fired.empty())
    open_by_itself(std::move(fired), now);
}

void circuit_breaker::open_by_itself(std::string why, time_point now) {
  enter(breaker_state::open, now);
  why_ = std::move(why);
  if (!std::exchange(by_itself_, true))
    ++openings_;
}

void circuit_breaker::hear_opened(duration length, std::string why, time_point now) {
  if (mode_ != breaker_mode::automatic || state_ != breaker_state::closed)
    return;
  enter(breaker_state::open, now);
  heard_for_ = length;
  why_ = std::move(why);
}

void circuit_breaker::hear_closed(time_point now) {
  if (mode_ == breaker_mode::automatic && state_ != breaker_state::closed && !by_itself_)
    enter(breaker_state::closed, now);
}

std::string circuit_breaker::trigger(time_point now) const {
  if (rules_.failures > 0 && failures_ >= rules_.failures)
    return std::to_string(failures_) + " consecutive failures";
  if (rules_.failure_percent == 0)
    return {};
  const auto seen = window_.total(now);
  if (seen.calls < rules_.calls_min || seen.failures * 100 < rules_.failure_percent * seen.calls)
    return {};
  return std::to_string(seen.failures) + " failures in " + std::to_string(seen.calls) + " calls within "
         + span_text(rules_.window);
}

void circuit_breaker::enter(breaker_state x, time_point now) {
  state_ = x;
  ++generation_;
  probes_ = 0;
  heard_for_.reset();
  if (x == breaker_state::open)
    opened_at_ = now;
  if (x != breaker_state::closed)
    return;
  by_itself_ = false;
  failures_ = 0;
  window_.clear();
  why_.clear();
}

std::string circuit_breaker::reason() const {
  if (mode_ == breaker_mode::forced_open)
    return "held open by an operator: " + why_;
  if (mode_ == breaker_mode::forced_closed)
    return "held closed by an operator: " + why_;
  switch (state_) {
    case breaker_state::closed: return {};
    case breaker_state::open: return "open after " + why_;
    case breaker_state::half_open:
      return "half open, with " + std::to_string(probes_) + " of " + std::to_string(rules_.half_open_calls)
             + " trial calls under way";
  }
  return {};
}

void circuit_breaker::configure(const breaker_rules& rules) {
  if (rules.window != rules_.window)
    window_ = sliding_window{rules.window};
  rules_ = rules;
}

void circuit_breaker::force(breaker_mode x, std::string why, time_point now) {
  const auto before = std::exchange(mode_, x);
  by_itself_ = false;
  if (x == breaker_mode::forced_open)
    enter(breaker_state::open, now);
  else if (x == breaker_mode::forced_closed || before == breaker_mode::forced_closed)
    enter(breaker_state::closed, now);
  else if (before == breaker_mode::forced_open)
    enter(breaker_state::half_open, now);
  if (x != breaker_mode::automatic || before != breaker_mode::automatic)
    why_ = std::move(why);
}

} // namespace troupe::resilience
