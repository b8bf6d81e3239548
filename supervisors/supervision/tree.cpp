#include "supervisors/supervision/tree.hpp"

#include <algorithm>
#include <utility>

namespace troupe::supervision {

namespace {

duration between(instant from, instant to) {
  return std::max(std::chrono::duration_cast<duration>(to - from), duration{0});
}

} // namespace

std::string_view name_of(condition x) {
  switch (x) {
    case condition::starting: return "starting";
    case condition::up: return "up";
    case condition::waiting: return "waiting";
    case condition::stopping: return "stopping";
    case condition::ended: return "ended";
  }
  return "invalid";
}

std::vector<row> tree::rows(instant now) const {
  const std::lock_guard guard{mutex_};
  std::vector<row> result;
  result.reserve(entries_.size());
  for (const auto& [path, x] : entries_) {
    auto& out = result.emplace_back(x.about);
    if (x.asked)
      out.oldest = std::max(out.oldest, between(*x.asked, now));
  }
  return result;
}

tree::entry& tree::at(const std::string& path) {
  auto& x = entries_[path];
  x.about.path = path;
  return x;
}

void tree::describe(const std::string& path, std::string about) {
  const std::lock_guard guard{mutex_};
  at(path).about.about = std::move(about);
}

void tree::set(const std::string& path, condition is, time_point when) {
  const std::lock_guard guard{mutex_};
  auto& x = at(path);
  x.about.is = is;
  x.about.since = when;
  // What is known of the mailbox of one that is gone says nothing any more.
  x.about.mailbox = 0;
  x.about.oldest = duration{0};
  x.asked.reset();
}

void tree::failed(const std::string& path, std::string error, time_point when) {
  const std::lock_guard guard{mutex_};
  auto& x = at(path);
  x.about.last_error = std::move(error);
  x.about.failed_at = when;
}

void tree::restarted(const std::string& path) {
  const std::lock_guard guard{mutex_};
  ++at(path).about.restarts;
}

void tree::buffered(const std::string& path, std::size_t messages) {
  const std::lock_guard guard{mutex_};
  at(path).about.buffered = messages;
}

void tree::keyed(const std::string& path, keyed_children now) {
  const std::lock_guard guard{mutex_};
  at(path).about.keyed = now;
}

bool tree::ask(const std::string& path, instant now) {
  const std::lock_guard guard{mutex_};
  auto& x = at(path);
  if (x.asked)
    return false;
  x.asked = now;
  return true;
}

void tree::looked(const std::string& path, std::size_t mailbox, instant asked, instant now) {
  const std::lock_guard guard{mutex_};
  auto& x = at(path);
  if (x.asked != asked)
    return; // Of an incarnation that is gone.
  x.asked.reset();
  x.about.mailbox = mailbox;
  x.about.oldest = between(asked, now);
}

} // namespace troupe::supervision
