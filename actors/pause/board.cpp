#include "actors/pause/board.hpp"

#include <algorithm>

namespace troupe::pause {

namespace {

using place = std::pair<kind, std::string_view>;

place place_of(const std::shared_ptr<const posted>& x) {
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

void registry::put(const target& what, const std::optional<paused>& how) {
  const std::lock_guard guard{mutex_};
  auto next = *published_;
  if (!next.is_known())
    put_.insert(what);
  if (!set(next, what, how))
    return;
  published_.set(std::move(next));
  for (const auto& told : told_)
    told(what, how);
}

void registry::know(const std::vector<posted>& found) {
  const std::lock_guard guard{mutex_};
  auto next = *published_;
  next.known_ = true;
  std::vector<posted> added;
  for (const auto& x : found)
    if (!put_.contains(x.what) && set(next, x.what, x.how))
      added.push_back(x);
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
