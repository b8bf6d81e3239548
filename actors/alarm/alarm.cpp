#include "actors/alarm/alarm.hpp"

namespace troupe::alarm {

namespace {

constexpr kind kinds[] = {kind::breaker_opened, kind::breaker_closed, kind::dead_letter,    kind::paused,
                          kind::resumed,        kind::queue_aged,     kind::queue_recovered};

constexpr std::string_view runbooks = "docs/runbooks.md#";

} // namespace

std::string_view name_of(kind x) {
  switch (x) {
    case kind::breaker_opened: return "breaker.opened";
    case kind::breaker_closed: return "breaker.closed";
    case kind::dead_letter: return "dead_letter.recorded";
    case kind::paused: return "pause.begun";
    case kind::resumed: return "pause.ended";
    case kind::queue_aged: return "queue.aged";
    case kind::queue_recovered: return "queue.recovered";
    case kind::test: return "webhook.test";
  }
  return "invalid";
}

std::optional<kind> parse_kind(std::string_view name) {
  for (const auto x : kinds)
    if (name == name_of(x))
      return x;
  return std::nullopt;
}

std::string_view family_of(kind x) {
  const auto name = name_of(x);
  return name.substr(0, name.find('.'));
}

std::string runbook_of(const fact& x) {
  std::string out{runbooks};
  switch (x.what) {
    case kind::breaker_opened:
    case kind::breaker_closed: return out + "circuitbreakeropen";
    case kind::dead_letter: { // "poisoned_event outlet/email/order": each source has a section
      const auto end = x.subject.find(' ');
      return out + (end == std::string::npos ? "deadlettersopen" : x.subject.substr(0, end));
    }
    case kind::paused:
    case kind::resumed: return out + "paused";
    case kind::queue_aged:
    case kind::queue_recovered: return out + (x.subject.starts_with("outlet/") ? "outletbehind" : "messageswait");
    case kind::test: return out + "operatorsnottold";
  }
  return out;
}

std::optional<fact> coalescer::add(fact x, time_point now) {
  const auto family = family_of(x.what);
  auto found = entries_.find({family, x.subject});
  if (found == entries_.end() && entries_.size() >= subjects_max_) {
    std::erase_if(entries_, [&](const auto& y) { return !y.second.kept && now >= y.second.told + every_; });
    if (entries_.size() >= subjects_max_)
      x.subject = "others";
    found = entries_.find({family, x.subject});
  }
  if (found == entries_.end() || (!found->second.kept && now >= found->second.told + every_)) {
    entries_[{family, x.subject}] = {now, std::nullopt};
    return x;
  }
  auto& kept = found->second.kept;
  if (kept)
    x.count += kept->count;
  kept = std::move(x);
  return std::nullopt;
}

std::vector<fact> coalescer::due(time_point now) {
  std::vector<fact> out;
  for (auto x = entries_.begin(); x != entries_.end();) {
    auto& [told, kept] = x->second;
    if (now < told + every_) {
      ++x;
    } else if (kept) {
      out.push_back(std::move(*kept));
      x->second = {now, std::nullopt};
      ++x;
    } else {
      x = entries_.erase(x);
    }
  }
  return out;
}

std::optional<time_point> coalescer::next_at() const {
  std::optional<time_point> first;
  for (const auto& [subject, x] : entries_)
    if (x.kept && (!first || x.told + every_ < *first))
      first = x.told + every_;
  return first;
}

} // namespace troupe::alarm
