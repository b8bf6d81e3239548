#include "actors/pause/board.hpp"

#include <algorithm>

namespace troupe::pause {

namespace {

using place = std::pair<kind, std::string_view>;

template <class Entry> place place_of(const std::shared_ptr<const Entry>& x) {
  return {x->what.kind, x->what.name};
}

template <class Posted> auto lower_bound(Posted& all, const place& x) {
  return std::lower_bound(all.begin(), all.end(), x, [](const auto& a, const place& b) { return place_of(a) < b; });
}

} // namespace

board board::unknown() {
  board result;
  result.known_ = false;
  return result;
}

const paused* board::find(kind of, std::string_view name) const {
  const place wanted{of, name};
  const auto found = lower_bound(posted_, wanted);
  return found != posted_.end() && place_of(*found) == wanted ? &(*found)->how : nullptr;
}

duration board::stood_still(kind of, std::string_view name, time_point since, time_point until) const {
  const place wanted{of, name};
  const auto found = lower_bound(past_, wanted);
  if (found == past_.end() || place_of(*found) != wanted)
    return duration{0};
  return pause::stood_still((*found)->ended, since, until);
}

registry::registry(board first) : published_(std::move(first)) {}

bool registry::set(board& next, const target& what, const std::optional<paused>& how) const {
  const place wanted{what.kind, what.name};
  const auto found = lower_bound(next.posted_, wanted);
  const bool there = found != next.posted_.end() && place_of(*found) == wanted;
  if (there && how && (*found)->how == *how)
    return false;
  if (!how) {
    if (there)
      next.posted_.erase(found);
    return there;
  }
  auto made = std::make_shared<const posted>(posted{what, *how});
  if (there)
    *found = std::move(made);
  else
    next.posted_.insert(found, std::move(made));
  return true;
}

// Of orders and sagas nobody asks: what they keep of their time is in their own events.
void registry::remember(board& next, const target& what, const std::vector<span>& ended) {
  if (ended.empty() || (what.kind != kind::provider && what.kind != kind::outlet))
    return;
  const place wanted{what.kind, what.name};
  const auto found = lower_bound(next.past_, wanted);
  const bool there = found != next.past_.end() && place_of(*found) == wanted;
  if (there && (*found)->ended == ended)
    return;
  auto made = std::make_shared<const past>(past{what, ended});
  if (there)
    *found = std::move(made);
  else if (next.past_.size() < paused_max)
    next.past_.insert(found, std::move(made));
}

void registry::put(const target& what, const std::optional<paused>& how, const std::vector<span>& ended) {
  const std::lock_guard guard{mutex_};
  put_up(what, how, ended);
}

void registry::put(const fact& x, bool announces) {
  const std::lock_guard guard{mutex_};
  if (facts_.size() > paused_max + resumed_max)
    std::erase_if(facts_, [](const auto& known) { return !known.second.is; });
  auto& known = facts_[x.what];
  if (known.version >= x.version)
    return;
  known = x;
  put_up(x.what, x.is, x.ended);
  if (announces && announce_)
    announce_(x);
}

std::vector<fact> registry::facts() const {
  const std::lock_guard guard{mutex_};
  std::vector<fact> out;
  for (const auto& [what, known] : facts_)
    out.push_back(known);
  return out;
}

void registry::announce(std::function<void(const fact&)> to) {
  const std::lock_guard guard{mutex_};
  announce_ = std::move(to);
}

void registry::put_up(const target& what, const std::optional<paused>& how, const std::vector<span>& ended) {
  auto next = *published_;
  if (!next.is_known())
    put_.insert(what);
  remember(next, what, ended);
  const bool changed = set(next, what, how);
  published_.set(std::move(next));
  if (!changed)
    return;
  for (const auto& told : told_)
    told(what, how);
}

void registry::know(const std::vector<posted>& found, const std::vector<past>& ended) {
  const std::lock_guard guard{mutex_};
  auto next = *published_;
  next.known_ = true;
  std::vector<posted> added;
  for (const auto& x : found)
    if (!put_.contains(x.what) && set(next, x.what, x.how))
      added.push_back(x);
  for (const auto& x : ended)
    if (!put_.contains(x.what))
      remember(next, x.what, x.ended);
  put_.clear();
  published_.set(std::move(next));
  for (const auto& x : added)
    for (const auto& told : told_)
      told(x.what, x.how);
}

void registry::observe(told_fn told) {
  const std::lock_guard guard{mutex_};
  told_.push_back(std::move(told));
}

} // namespace troupe::pause
