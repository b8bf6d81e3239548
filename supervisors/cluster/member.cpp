#include "supervisors/cluster/member.hpp"

#include "actors/entity/context.hpp"
#include "actors/timer.hpp"
#include "supervisors/cluster/duties.hpp"

#include <caf/send.hpp>

#include <utility>

namespace troupe::cluster {

namespace {

constexpr duration drain_within{60'000};

journal::shard_set as_set(const std::vector<std::uint16_t>& shards) {
  journal::shard_set result;
  for (const auto shard : shards)
    result.set(shard);
  return result;
}

} // namespace

member::member(caf::event_based_actor* self, member_settings with, member_dependencies deps)
  : self_(self), with_(std::move(with)), deps_(std::move(deps)), company_(with_.lease, with_.apart_after) {}

member::~member() {
  timer_.dispose();
}

caf::behavior member::make_behavior() {
  join_cluster();
  return {
    [this](const news& x) { heard(x); },
    [this](const reachable_peers& x) {
      doors_ = x.doors;
      publish();
    },
    [this](const found_dead& x) {
      self_->request(deps_.keeper, with_.lease, expire{x.name, x.incarnation})
        .then([this] { renew_soon(duration{0}); }, [](const caf::error&) {});
    },
    [this](drain) { return on_drain(); },
    [this](get_report) { return make_report(); },
    [this](const request_context& who, const drain_node& x) { return on_drain_node(who, x); },
  };
}

// ---- the lease -----------------------------------------------------------------------------------------------------

void member::join_cluster() {
  const auto asked_at = deps_.boot_now();
  if (incarnation_ != 0)
    replaces_ = std::exchange(incarnation_, 0);
  self_->request(deps_.keeper, caf::infinite, join{with_.self, with_.lease, replaces_})
    .then(
      [this, asked_at](const joined& x) {
        incarnation_ = x.incarnation;
        replaces_ = 0;
        lease_.renewed(asked_at, with_.lease);
        trouble_.clear();
        say("joined", "incarnation " + std::to_string(incarnation_));
        if (deps_.joined)
          deps_.joined(incarnation_);
        renew_lease();
      },
      [this](const caf::error& why) {
        if (trouble_ != to_string(why))
          say("cannot join", to_string(why));
        trouble_ = to_string(why);
        run_later(self_, with_.renewal, [this] { join_cluster(); });
      });
}

void member::renew_soon(duration after) {
  if (after == duration{0} && renewing_) {
    again_ = true;
    return;
  }
  timer_.dispose();
  timer_ = run_later(self_, after, [this] { renew_lease(); });
}

void member::renew_lease() {
  if (renewing_ || is_leaving_ || incarnation_ == 0)
    return;
  renewing_ = true;
  const auto asked_at = deps_.boot_now();
  self_
    ->request(deps_.keeper, caf::infinite,
              renew{with_.self.name, incarnation_, takes_shards() ? state_ : node_state::draining, with_.lease})
    .then(
      [this, asked_at](const renewed& x) {
        renewing_ = false;
        trouble_.clear();
        on_renewed(asked_at, x.seen);
        renew_soon(std::exchange(again_, false) ? duration{0} : with_.renewal);
      },
      [this](const caf::error& why) {
        renewing_ = false;
        again_ = false;
        on_refused(why);
      });
}

void member::on_refused(const caf::error& why) {
  if (is_leaving_)
    return;
  if (trouble_ != to_string(why))
    say("cannot renew the lease", to_string(why));
  trouble_ = to_string(why);
  if (why != rejection::lease_lost)
    return renew_soon(with_.renewal);
  // Another process has this name, or we were forgotten: nothing is ours, and we begin anew.
  lease_.lost();
  deps_.held.lease_until(0);
  const auto all = deps_.held.all();
  deps_.held.remove(all);
  epochs_.clear();
  let_go(all, [this] { join_cluster(); });
}

void member::on_renewed(boot_time asked_at, const std::shared_ptr<const view>& seen) {
  if (is_leaving_)
    return;
  seen_ = seen;
  owners_ = std::make_shared<const routing>(owners_->with(*seen));
  drop_what_is_others(); // Before the lease is believed again: what was claimed meanwhile must not be answered for.
  // Whoever comes back first after an outage of the store finds the others' leases over; their shards are theirs yet.
  if (!lease_.holds(asked_at))
    plans_from_ = asked_at + with_.others_return_in;
  lease_.renewed(asked_at, with_.lease);
  deps_.held.lease_until(lease_.until()->time_since_epoch().count());
  publish();
  if (deps_.mesh) {
    expected_peers peers;
    for (const auto& x : seen->nodes)
      if (x.name != with_.self.name && is_live(x))
        peers.nodes.push_back(x);
    self_->send(deps_.mesh(), std::move(peers));
  }
  look_who_is_reached(asked_at);
  plan_for_all();
  // Also what is not held: a release may have failed, and nobody else can claim the shard until one has not.
  if (const auto out = as_set(to_release(*seen, with_.self.name, incarnation_)) & ~leaving_ & ~taking_; out.any())
    hand_over(out);
  if (const auto in = as_set(to_claim(*seen, with_.self.name, incarnation_, deps_.held.all())) & ~leaving_ & ~taking_;
      in.any() && takes_shards())
    take(in);
  try_to_leave();
  make_sure_of(deps_.held.all() & ~leaving_ & ~taking_);
}

// A journal that has begun anew owns nothing and does not know who we are; and a claim of ours that reached the store
// late gives the shard an epoch that nobody here has heard of. What the journal owns costs one message.
void member::make_sure_of(const journal::shard_set& shards) {
  taking_ |= shards;
  self_->request(deps_.journal, caf::infinite, journal::take_shards{incarnation_, shards})
    .then(
      [this, shards, as = incarnation_](const journal::taken_shards& x) {
        taking_ &= ~shards;
        journal::shard_set anew;
        if (as == incarnation_)
          for (const auto& [shard, epoch] : x.epochs)
            if (std::exchange(epochs_[shard], epoch) != epoch)
              anew.set(shard);
        if (anew.none())
          return;
        for (const auto& part : deps_.parts)
          caf::anon_send(part, entity::gained{anew});
        say("took shards again", std::to_string(anew.count()));
      },
      [this, shards](const caf::error&) { taking_ &= ~shards; });
}

// A node that most others do not reach owns nothing, so that they serve what it had. It still reaches the store, by
// which they learn of it.
void member::look_who_is_reached(boot_time asked_at) {
  std::set<std::string> reached;
  for (const auto& [name, door] : *doors_)
    reached.insert(name);
  const bool is_apart = company_.is_smaller(*seen_, with_.self.name, reached, asked_at);
  if (is_apart != std::exchange(is_apart_, is_apart)) {
    say(is_apart ? "cut off from most nodes" : "reaches most nodes again", std::to_string(reached.size()) + " reached");
    again_ = true;
  }
  if (const auto held = deps_.held.all() & ~leaving_; is_apart_ && held.any())
    hand_over(held);
}

void member::drop_what_is_others() {
  journal::shard_set gone;
  const auto held = deps_.held.all();
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    const auto& x = seen_->shards[shard];
    if (held.test(shard) && !leaving_.test(shard) && x.epoch > epochs_[shard]
        && (x.owner != with_.self.name || x.incarnation != incarnation_))
      gone.set(shard);
  }
  if (gone.none())
    return;
  say("shards were taken", std::to_string(gone.count()));
  deps_.held.remove(gone);
  leaving_ |= gone;
  let_go(gone, [this, gone] { gave_up(gone); });
}

void member::plan_for_all() {
  const auto* planner = planner_of(*seen_);
  if (!planner || planner->name != with_.self.name || planner->incarnation != incarnation_
      || deps_.boot_now() < plans_from_)
    return;
  auto changes = plan(*seen_, with_.limits);
  if (changes.empty())
    return;
  self_->request(deps_.keeper, caf::infinite, put_targets{seen_->plan_version, std::move(changes)})
    .then([this](bool) { renew_soon(duration{0}); }, [](const caf::error&) {});
}

// ---- shards --------------------------------------------------------------------------------------------------------

void member::take(const journal::shard_set& shards) {
  taking_ |= shards;
  self_->request(deps_.journal, caf::infinite, journal::take_shards{incarnation_, shards})
    .then(
      [this, shards, as = incarnation_](const journal::taken_shards& x) {
        taking_ &= ~shards;
        if (as != incarnation_)
          return; // Granted to who we were; that lease is lost, and with it what the journal took for it.
        journal::shard_set granted;
        std::vector<ownership_change> changes;
        for (const auto& [shard, epoch] : x.epochs) {
          granted.set(shard);
          epochs_[shard] = epoch;
          changes.push_back({shard, with_.self.name, epoch});
        }
        if (granted.none())
          return;
        deps_.held.add(granted);
        for (const auto& part : deps_.parts)
          caf::anon_send(part, entity::gained{granted});
        owners_ = std::make_shared<const routing>(owners_->with(changes));
        publish();
        tell_peers(std::move(changes));
        say("took shards", std::to_string(granted.count()));
      },
      [this, shards](const caf::error& why) {
        taking_ &= ~shards;
        say("cannot take shards", to_string(why));
      });
}

// From here on nobody may be answered for them; the order of what follows is what keeps the next owner right.
void member::hand_over(const journal::shard_set& shards) {
  leaving_ |= shards;
  deps_.held.remove(shards);
  let_go(shards, [this, shards] { gave_up(shards); });
}

void member::let_go(const journal::shard_set& shards, std::function<void()> then) {
  const auto left = std::make_shared<std::size_t>(deps_.parts.size());
  const auto give_up = [this, shards, then = std::move(then)] {
    self_->request(deps_.journal, caf::infinite, journal::give_up_shards{shards})
      .then([then] { then(); },
            [this, then](const caf::error& why) {
              say("cannot give shards back", to_string(why)); // The lease does.
              then();
            });
  };
  if (deps_.parts.empty())
    return give_up();
  const auto one_less = [left, give_up] {
    if (--*left == 0)
      give_up();
  };
  for (const auto& part : deps_.parts)
    self_->request(part, with_.eviction_max, entity::evict{shards})
      .then([one_less] { one_less(); }, [one_less](const caf::error&) { one_less(); });
}

void member::gave_up(const journal::shard_set& shards) {
  leaving_ &= ~shards;
  std::vector<ownership_change> changes;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (shards.test(shard))
      changes.push_back({shard, {}, epochs_[shard]});
  owners_ = std::make_shared<const routing>(owners_->with(changes));
  publish();
  tell_peers(std::move(changes));
  say("gave shards back", std::to_string(shards.count()));
  if (state_ == node_state::draining)
    renew_soon(duration{0});
}

// ---- others --------------------------------------------------------------------------------------------------------

void member::heard(const news& x) {
  owners_ = std::make_shared<const routing>(owners_->with(x.changes));
  publish();
  for (const auto& change : x.changes)
    if (change.owner.empty() && seen_ && change.shard < shard_count
        && seen_->shards[change.shard].target == with_.self.name)
      return renew_soon(duration{0}); // It is free for us.
}

void member::publish() {
  for (const auto& router : deps_.routers)
    caf::anon_send(router, updated{owners_, doors_});
}

void member::tell_peers(std::vector<ownership_change> changes) {
  const news all{std::move(changes)};
  for (const auto& [name, door] : *doors_)
    caf::anon_send(door, all);
}

// ---- the end -------------------------------------------------------------------------------------------------------

caf::result<void> member::on_drain() {
  stays_ = false;
  auto reply = self_->make_response_promise<void>();
  drainers_.push_back([reply]() mutable { reply.deliver(); });
  if (std::exchange(state_, node_state::draining) == node_state::up)
    say("draining", std::to_string(deps_.held.all().count()) + " shards");
  if (incarnation_ == 0)
    is_leaving_ = has_left_ = true;
  renew_soon(duration{0});
  try_to_leave();
  return reply;
}

caf::result<drained> member::on_drain_node(const request_context& who, const drain_node& x) {
  if (x.node != with_.self.name) {
    if (!seen_ || !find_node(*seen_, x.node))
      return caf::make_error(ec::refused, "there is no node " + x.node);
    const auto door = doors_->find(x.node);
    if (door == doors_->end())
      return caf::make_error(ec::unavailable, x.node + " cannot be reached");
    auto reply = self_->make_response_promise<drained>();
    auto context = who;
    context.deadline = time_point::max();
    self_->request(door->second, drain_within, std::move(context), x)
      .then([reply](const drained& done) mutable { reply.deliver(done); },
            [reply](const caf::error& why) mutable { reply.deliver(why); });
    return reply;
  }
  if (is_alone())
    return caf::make_error(ec::refused, "no other node could take the shards of " + x.node);
  stays_ = true;
  auto reply = self_->make_response_promise<drained>();
  drainers_.push_back([reply, done = drained{x.node}]() mutable { reply.deliver(done); });
  if (std::exchange(state_, node_state::draining) == node_state::up)
    say("draining", x.reason);
  renew_soon(duration{0});
  try_to_leave();
  return reply;
}

/// Whether no other node could own its shards.
bool member::is_alone() const {
  if (!seen_)
    return true;
  for (const auto& x : seen_->nodes)
    if (x.name != with_.self.name && is_live(x) && x.roles.worker && x.state == node_state::up)
      return false;
  return true;
}

void member::try_to_leave() {
  if (state_ != node_state::draining)
    return;
  const auto held = deps_.held.all();
  if (!has_left_ && held.any() && leaving_.none() && seen_) {
    if (is_alone() && !stays_)
      hand_over(held); // To nobody: whoever comes next finds them free.
    return;
  }
  if (!has_left_ && (held.any() || leaving_.any() || taking_.any() || !seen_))
    return;
  if (stays_ || has_left_)
    return drained_now();
  if (std::exchange(is_leaving_, true))
    return;
  self_->request(deps_.keeper, with_.lease, leave{with_.self.name, incarnation_})
    .then(
      [this] { has_left("left", {}); },
      [this](const caf::error& why) { has_left("cannot leave", to_string(why)); }); // Then the lease ends by itself.
}

void member::has_left(const std::string& what, const std::string& detail) {
  has_left_ = true;
  say(what, detail);
  drained_now();
}

void member::drained_now() {
  for (auto& x : std::exchange(drainers_, {}))
    x();
}

report member::make_report() const {
  cluster::report x;
  x.self = with_.self.name;
  x.incarnation = incarnation_;
  x.state = state_;
  x.held = deps_.held.all().count();
  x.leaving = leaving_.count();
  x.trouble = trouble_;
  x.seen = seen_;
  for (const auto& [name, door] : *doors_)
    x.reachable.push_back(name);
  return x;
}

void member::say(const std::string& what, const std::string& detail) const {
  if (deps_.told)
    deps_.told(what, detail);
}

} // namespace troupe::cluster
