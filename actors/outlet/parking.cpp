#include "actors/outlet/parking.hpp"

#include <algorithm>

namespace troupe::outlet {

namespace {

struct fold {
  state& s;

  void operator()(const parked& e) {
    s.where = e.where;
    s.items.push_back(e.item);
    s.last_offset = std::max(s.last_offset, e.item.offset);
  }
  void operator()(const delivered&) { drop_first(); }
  void operator()(const delivery_failed& e) {
    ++s.deliveries;
    s.next_at = e.next_at;
  }
  void operator()(const given_up& e) {
    if (!s.items.empty())
      s.lost.push_back({s.items.front(), e.code, s.deliveries + 1, ++s.losses});
    drop_first();
  }
  void operator()(const letter_recorded& e) {
    std::erase_if(s.lost, [&](const lost_item& x) { return x.number == e.number; });
  }

private:
  void drop_first() {
    if (!s.items.empty())
      s.items.pop_front();
    s.deliveries = 0;
    s.next_at = {};
  }
};

/// What a failure of the first event leads to, after `deliveries` earlier ones.
event after_failure(std::uint64_t offset, ec code, std::uint32_t deliveries, time_point now, const policy& p) {
  if (!is_transient(code) || deliveries + 1 >= p.deliveries_max)
    return given_up{offset, code};
  return delivery_failed{offset, code, now + wait_after(deliveries + 1, p)};
}

} // namespace

void state::apply(const event& e) {
  std::visit(fold{*this}, e); // A new event without an overload does not compile.
}

duration wait_after(std::uint32_t deliveries, const policy& p) {
  auto wait = p.retry_min;
  for (; deliveries > 1 && wait < p.retry_max; --deliveries)
    wait *= 2;
  return std::min(wait, p.retry_max);
}

decision decide(const state& s, const park& cmd, time_point now, const policy& p) {
  const bool waits =
    std::any_of(s.items.begin(), s.items.end(), [&](const item& x) { return x.offset == cmd.item.offset; });
  if (waits || (cmd.item.offset <= s.last_offset && !cmd.again))
    return std::vector<event>{}; // Taken over before: what became of it is known here.
  if (s.items.size() >= p.items_max)
    return rejection::too_many_parked;
  std::vector<event> result{parked{cmd.where, cmd.item}};
  if (cmd.failed && s.items.empty())
    result.push_back(after_failure(cmd.item.offset, *cmd.failed, 0, now, p));
  return result;
}

decision decide(const state& s, const note_delivery& cmd, time_point now, const policy& p) {
  if (s.items.empty() || s.items.front().offset != cmd.offset)
    return std::vector<event>{};
  if (!cmd.failed)
    return std::vector<event>{delivered{cmd.offset}};
  return std::vector<event>{after_failure(cmd.offset, *cmd.failed, s.deliveries, now, p)};
}

decision decide(const state& s, const note_letter& cmd) {
  const bool known =
    std::any_of(s.lost.begin(), s.lost.end(), [&](const lost_item& x) { return x.number == cmd.number; });
  return known ? std::vector<event>{letter_recorded{cmd.number}} : std::vector<event>{};
}

} // namespace troupe::outlet
