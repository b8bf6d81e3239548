#include "supervisors/cluster_sharing.hpp"

#include "supervisors/cluster/bulletin.hpp"
#include "supervisors/cluster/rates.hpp"
#include "supervisors/observability/log.hpp"

#include <utility>

namespace troupe {

namespace {

std::vector<cluster::breaker_fact> facts_of(const resilience::guard_list& guards) {
  std::vector<cluster::breaker_fact> out;
  for (auto& [name, x] : guards.breakers())
    if (x.openings > 0)
      out.push_back({name, x.openings, x.open_by_itself, x.wait, x.cause});
  return out;
}

void hear_breaker(const resilience::guard_list& guards, const std::string& node, const cluster::breaker_fact& x) {
  if (!x.open)
    return guards.hear_closed(x.guard);
  log::warn("Another node's breaker has opened",
            {{"guard", x.guard}, {"peer", node}, {"reason", x.why}, {"leftMs", std::int64_t{x.left.count()}}});
  guards.hear_opened(x.guard, x.left, x.why + " at " + node);
}

/// Tells other nodes of what is to hold for all, and hears it from them.
void add_bulletin(topology& made, cluster::assembly& member, const std::shared_ptr<resilience::guard_list>& guards) {
  cluster::bulletin_settings with;
  with.node = member.self;
  with.begun = static_cast<std::uint64_t>(member.now().time_since_epoch().count());
  // The list holds handles, and lives until the node has let go of it.
  with.breakers = [guards] { return facts_of(*guards); };
  with.held = [guards] { return guards->held(); };
  with.paused = [pauses = made.paused] { return pauses->facts(); };
  with.hear_breaker = [guards](const std::string& node, const cluster::breaker_fact& x) {
    hear_breaker(*guards, node, x);
  };
  with.hear_held = [guards](const guard::trail& x) { guards->hold(x); };
  with.hear_pause = [pauses = made.paused](const pause::fact& x) { pauses->put(x, false); };
  with.letters = made.dead_letters.directory;
  const auto bulletin = made.root.add<caf::actor>("bulletin", [with](const supervision::place& where) -> caf::actor {
    return where.spawn<cluster::bulletin_impl>(with);
  });
  member.routers.push_back(bulletin);
  for (const auto type : {caf::type_id_v<cluster::breakers>, caf::type_id_v<cluster::held_breakers>,
                          caf::type_id_v<cluster::pauses>, caf::type_id_v<dead_letter::elsewhere>})
    member.regions->emplace(type, bulletin);
  member.bulletin->connect(bulletin);
  guards->observe([line = member.bulletin] { line->tell(cluster::guards_moved{}); });
  made.paused->announce([line = member.bulletin](const pause::fact& x) { line->tell(cluster::pause_put{x}); });
}

/// Leases tokens for guards, and keeps the rates of which this node is the keeper.
void add_rates(topology& made, cluster::assembly& member, const std::shared_ptr<resilience::guard_list>& guards) {
  cluster::rates_settings with;
  with.held = member.held;
  with.now = member.now;
  with.got = [guards](const cluster::lease_tokens& asked, const cluster::leased& got) {
    guards->granted(asked.guard, asked.bulk, got.tokens, got.wait);
  };
  const auto rates = made.root.add<caf::actor>(
    "rates", [with](const supervision::place& where) -> caf::actor { return where.spawn<cluster::rates_impl>(with); });
  member.routers.push_back(rates);
  member.parts.push_back(rates);
  member.regions->emplace(caf::type_id_v<cluster::lease_tokens>, rates);
  member.rates->connect(rates);
  guards->share_rates([line = member.rates](const std::string& service, const resilience::guard_core::wish& x) {
    const auto& rules = x.rules;
    line->tell(
      cluster::want_tokens{{service, x.bulk, rules.limit, rules.per, rules.burst, x.what.count, x.what.lasts}});
  });
}

cluster::part part_of(supervision::row x, time_point now) {
  cluster::part out{std::move(x.path), std::move(x.about), std::string{name_of(x.is)},
                    now - x.since,     x.restarts,         std::move(x.last_error),
                    now - x.failed_at, x.mailbox,          x.oldest,
                    x.buffered,        std::nullopt};
  if (x.keyed)
    out.entities = cluster::population{x.keyed->live, x.keyed->failures};
  return out;
}

/// Asks all nodes, and tells them of this one.
cluster::survey_actor add_survey(topology& made, const std::shared_ptr<cluster::assembly>& member,
                                 const shared_parts& own) {
  cluster::survey_settings with;
  with.node = member->self;
  with.guards = own.operators_guards;
  with.desk = [weak = std::weak_ptr{member}] {
    const auto strong = weak.lock();
    return caf::actor_cast<cluster::desk_actor>(strong && strong->member ? strong->member() : caf::actor{});
  };
  const auto survey = made.root.add<cluster::surveyor_actor>(
    "survey", [with, tree = own.tree, now = member->now](const supervision::place& where) {
      auto its = with;
      its.parts = [tree, now, system = &where.system()] {
        std::vector<cluster::part> out;
        for (auto& x : tree->rows(system->clock().now()))
          out.push_back(part_of(std::move(x), now()));
        return out;
      };
      return where.spawn<cluster::survey_impl>(std::move(its));
    });
  member->routers.push_back(caf::actor_cast<caf::actor>(survey));
  member->regions->emplace(caf::type_id_v<cluster::get_parts>, caf::actor_cast<caf::actor>(survey));
  for (const auto type : {caf::type_id_v<guard::get_guards>, caf::type_id_v<guard::get_guard>})
    member->regions->emplace(type, caf::actor_cast<caf::actor>(own.operators_guards));
  return caf::actor_cast<cluster::survey_actor>(survey);
}

} // namespace

cluster::survey_actor share_state(topology& made, const std::shared_ptr<cluster::assembly>& member,
                                  const shared_parts& own) {
  add_bulletin(made, *member, own.guards);
  add_rates(made, *member, own.guards);
  return add_survey(made, member, own);
}

} // namespace troupe
