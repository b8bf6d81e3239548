#include "supervisors/supervision/plan.hpp"

#include <algorithm>
#include <utility>

namespace troupe::supervision {

std::string_view name_of(strategy x) {
  switch (x) {
    case strategy::one_for_one: return "one for one";
    case strategy::one_for_all: return "one for all";
    case strategy::rest_for_one: return "rest for one";
  }
  return "invalid";
}

duration backoff_of(const limits& x, std::uint32_t count, double jitter) {
  auto wait = x.backoff_min;
  for (std::uint32_t i = 1; i < count && wait < x.backoff_max; ++i)
    wait *= 2;
  wait = std::min(wait, x.backoff_max);
  return duration{static_cast<duration::rep>(static_cast<double>(wait.count()) * (1.0 - jitter / 2))};
}

plan::plan(strategy how, limits within, std::vector<restart> children) : how_(how), limits_(within) {
  children_.reserve(children.size());
  for (const auto kind : children)
    children_.emplace_back().kind = kind;
}

void plan::begin(instant now) {
  for (auto& x : children_) {
    x.wanted = true;
    x.due = now;
  }
}

void plan::started(std::size_t child) {
  children_[child].phase = phase::up;
}

void plan::unwanted(child_state& x) {
  x.wanted = false;
  x.must_close = true;
}

void plan::ended(std::size_t child, ending how, instant now, double jitter) {
  auto& x = children_[child];
  const bool meant = std::exchange(x.phase, phase::down) == phase::stopping || std::exchange(x.must_stop, false);
  if (meant || ending_)
    return;
  if (x.kind == restart::temporary || (x.kind == restart::transient && how == ending::normal))
    return unwanted(x);
  while (!restarts_.empty() && now - restarts_.front() > limits_.within)
    restarts_.pop_front();
  restarts_.push_back(now);
  if (restarts_.size() > limits_.restarts_max) {
    escalated_ = true;
    ending_ = true;
    return;
  }
  restart_group(child, now + backoff_of(limits_, static_cast<std::uint32_t>(restarts_.size()), jitter));
}

void plan::restart_group(std::size_t failed, instant due) {
  const auto first = how_ == strategy::one_for_all ? 0 : failed;
  const auto end = how_ == strategy::one_for_one ? failed + 1 : children_.size();
  for (auto i = first; i < end; ++i) {
    auto& x = children_[i];
    if (!x.wanted)
      continue;
    x.due = due;
    x.must_stop = x.phase == phase::up;
    if (x.must_stop && x.kind == restart::temporary)
      unwanted(x);
  }
}

void plan::shut_down() {
  ending_ = true;
}

// One after the other, in the reverse order of their start: each may still use those before it.
std::optional<plan::step> plan::stop_last(bool all) {
  for (const auto& x : children_)
    if (x.phase == phase::stopping)
      return std::nullopt;
  for (auto i = children_.size(); i-- > 0;) {
    auto& x = children_[i];
    if (x.phase != phase::up || !(all || x.must_stop))
      continue;
    x.must_stop = false;
    x.phase = phase::stopping;
    return stop{i};
  }
  return std::nullopt;
}

std::optional<plan::step> plan::next(instant now) {
  if (finished_)
    return std::nullopt;
  for (std::size_t i = 0; i < children_.size(); ++i)
    if (children_[i].phase == phase::down && std::exchange(children_[i].must_close, false))
      return close{i};
  if (auto step = stop_last(ending_))
    return step;
  if (ending_) {
    finished_ = std::all_of(children_.begin(), children_.end(), [](const auto& x) { return x.phase == phase::down; });
    return finished_ ? std::optional<step>{finish{escalated_}} : std::nullopt;
  }
  if (std::any_of(children_.begin(), children_.end(), [](const auto& x) { return x.phase == phase::stopping; }))
    return std::nullopt;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    auto& x = children_[i];
    if (x.phase != phase::down || !x.wanted)
      continue;
    if (x.due <= now) {
      x.phase = phase::starting;
      return start{i};
    }
    if (how_ != strategy::one_for_one)
      break; // Those after it stand on it.
  }
  return std::nullopt;
}

std::optional<instant> plan::wake_at() const {
  std::optional<instant> first;
  if (ending_)
    return first;
  for (const auto& x : children_)
    if (x.phase == phase::down && x.wanted && (!first || x.due < *first))
      first = x.due;
  return first;
}

} // namespace troupe::supervision
