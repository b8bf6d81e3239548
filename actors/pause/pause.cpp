#include "actors/pause/pause.hpp"

#include <algorithm>

namespace troupe::pause {

namespace {

struct fold {
  state& s;
  time_point at;

  void operator()(const paused& e) { s.is = e; }
  void operator()(const resumed&) {
    if (!s.is)
      return;
    s.ended.push_back({s.is->at, std::max(s.is->at, at)});
    s.is.reset();
    if (s.ended.size() > spans_max) {
      s.ended[1].from = s.ended[0].from;
      s.ended.erase(s.ended.begin());
    }
  }
};

constexpr kind kinds[] = {kind::provider, kind::outlet, kind::saga, kind::order};

} // namespace

std::string_view name_of(kind x) {
  switch (x) {
    case kind::provider: return "provider";
    case kind::outlet: return "outlet";
    case kind::saga: return "saga";
    case kind::order: return "order";
  }
  return "invalid";
}

std::string to_string(const target& x) {
  std::string text{name_of(x.kind)};
  text += '/';
  text += x.name;
  return text;
}

std::optional<target> parse_target(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  const auto name = text.substr(slash + 1);
  if (name.empty() || name.size() > name_bytes_max)
    return std::nullopt;
  for (const auto x : kinds)
    if (text.substr(0, slash) == name_of(x) && (x != kind::saga || name == order_saga))
      return target{x, std::string{name}};
  return std::nullopt;
}

duration stood_still(const std::vector<span>& spans, time_point since, time_point until) {
  duration sum{0};
  for (const auto& x : spans)
    sum += std::max(std::min(x.until, until) - std::max(x.from, since), duration{0});
  return sum;
}

void state::apply(const event& e, time_point at) {
  std::visit(fold{*this, at}, e); // A new event without an overload does not compile.
}

decision decide(const state& s, const begin& cmd, const std::string& by, time_point now) {
  if (cmd.reason.empty())
    return rejection::no_reason;
  if (s.is && s.is->reason == cmd.reason)
    return std::vector<event>{};
  return std::vector<event>{paused{cmd.reason, by, s.is ? s.is->at : now}};
}

decision decide(const state& s, const resume& cmd, const std::string& by) {
  if (cmd.reason.empty())
    return rejection::no_reason;
  if (!s.is)
    return std::vector<event>{};
  return std::vector<event>{resumed{cmd.reason, by}};
}

} // namespace troupe::pause
