#include "supervisors/cluster/mesh.hpp"

#include "actors/timer.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace troupe::cluster {

mesh::mesh(caf::event_based_actor* self, mesh_settings with) : self_(self), with_(std::move(with)) {}

caf::behavior mesh::make_behavior() {
  self_->set_down_handler([this](const caf::down_msg& down) { lost(down.source); });
  return {
    [this](const expected_peers& x) { expect(x); },
    [this](const arrived& x) { meet(x); },
  };
}

void mesh::expect(const expected_peers& x) {
  const auto& member = self_->current_sender();
  bool changed = member && std::exchange(asked_by_, member->id()) != member->id();
  auto& early = *with_.arrivals;
  const auto is_expected = [&x](const std::string& name, std::uint64_t incarnation) {
    return std::any_of(x.nodes.begin(), x.nodes.end(),
                       [&](const node_record& node) { return node.name == name && node.incarnation == incarnation; });
  };
  for (auto next = peers_.begin(); next != peers_.end();) {
    const auto found = next++;
    if (is_expected(found->first, found->second.about.incarnation))
      continue;
    if (found->second.door) {
      self_->demonitor(found->second.door);
      changed = true;
    }
    peers_.erase(found);
  }
  for (const auto& node : x.nodes) {
    if (node.name == with_.about_us().name)
      continue;
    auto& known = peers_[node.name];
    known.about = node;
    // A peer forgets a node that has joined anew, and only whoever connects says hello.
    const bool says_hello_again = known.door && known.greeted_as != with_.about_us().incarnation;
    if (known.door && !(says_hello_again && connects_with(node.name)))
      continue;
    if (const auto came = early.find(node.name);
        !known.door && came != early.end() && came->second.who.incarnation == node.incarnation)
      connected(node.name, came->second.door);
    else if (connects_with(node.name) && !known.connecting)
      connect(node.name);
  }
  // Who is not expected now, because its lease has run out while nobody could reach the store, still is connected and
  // will not say hello again.
  std::erase_if(early, [&](const auto& came) {
    return std::any_of(x.nodes.begin(), x.nodes.end(), [&](const node_record& node) {
      return node.name == came.first && node.incarnation > came.second.who.incarnation;
    });
  });
  if (changed)
    tell();
  tell_others();
}

void mesh::connect(const std::string& name) {
  auto& to = peers_.at(name);
  to.connecting = true;
  if (const auto why = why_strange(to.about.protocol); !why.empty())
    return again(name, why);
  const auto attempt = ++to.tries;
  // The answer comes from another thread, perhaps after this actor has ended.
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self_);
  with_.connect(to.about, [this, weak, name, attempt](contact x) {
    if (const auto strong = weak.lock())
      caf::anon_send(caf::actor_cast<caf::actor>(strong),
                     caf::make_action([this, name, attempt, x = std::move(x)] { reached(name, attempt, x); }));
  });
}

/// Two releases that follow each other speak with each other, for the time of an update.
std::string mesh::why_strange(std::uint32_t protocol) const {
  const auto ours = with_.about_us().protocol;
  if (protocol <= ours + 1 && ours <= protocol + 1)
    return {};
  return "it speaks protocol " + std::to_string(protocol) + " of the cluster and this node " + std::to_string(ours)
         + ": bring one of them to a release that the other one follows";
}

void mesh::reached(const std::string& name, std::uint64_t attempt, const contact& x) {
  const auto found = peers_.find(name);
  if (found == peers_.end() || found->second.tries != attempt)
    return;
  if (x.door)
    return greet(name, x.door);
  if (x.refused)
    caf::anon_send(with_.member, found_dead{name, found->second.about.incarnation});
  again(name, x.why);
}

// An address may lead to another node than before.
void mesh::greet(const std::string& name, const caf::actor& door) {
  const auto us = with_.about_us();
  self_->request(door, with_.hello_within, us, with_.our_door())
    .then(
      [this, name, door, as = us.incarnation](const hello& them) {
        const auto found = peers_.find(name);
        if (found == peers_.end())
          return;
        if (them.name != name || them.incarnation != found->second.about.incarnation)
          return again(name, "there is " + them.name + " now");
        found->second.greeted_as = as;
        connected(name, door);
      },
      [this, name](const caf::error& why) { again(name, to_string(why)); });
}

// The store may tell of it later than it comes.
void mesh::meet(const arrived& x) {
  if (const auto why = why_strange(x.who.protocol); !why.empty()) {
    if (with_.told)
      with_.told(x.who.name, false, why);
    return;
  }
  (*with_.arrivals)[x.who.name] = x;
  if (const auto found = peers_.find(x.who.name);
      found != peers_.end() && found->second.about.incarnation == x.who.incarnation)
    connected(x.who.name, x.door);
}

void mesh::connected(const std::string& name, const caf::actor& door) {
  auto& to = peers_.at(name);
  to.connecting = false;
  to.pause = duration{0};
  if (to.door)
    self_->demonitor(to.door);
  to.door = door;
  self_->monitor(door);
  if (with_.told)
    with_.told(name, true, {});
  tell();
}

void mesh::again(const std::string& name, const std::string& why) {
  const auto found = peers_.find(name);
  if (found == peers_.end())
    return;
  auto& to = found->second;
  if (to.pause == duration{0} && with_.told)
    with_.told(name, false, why);
  to.pause = std::clamp(to.pause * 2, with_.again_min, with_.again_max);
  const auto attempt = ++to.tries;
  run_later(self_, to.pause, [this, name, attempt] {
    const auto known = peers_.find(name);
    if (known != peers_.end() && known->second.tries == attempt)
      connect(name);
  });
}

void mesh::lost(const caf::actor_addr& door) {
  for (auto& [name, x] : peers_) {
    if (!x.door || x.door.address() != door)
      continue;
    x.door = nullptr;
    if (with_.told)
      with_.told(name, false, "the connection is lost");
    with_.arrivals->erase(name);
    tell();
    if (connects_with(name))
      connect(name);
    else
      look_whether_dead(name);
    return;
  }
}

// It will come again if it lives; if not, the others need not wait for the end of its lease. A process that dies closes
// one thing after the other: it may be listening still.
void mesh::look_whether_dead(const std::string& name) {
  auto& x = peers_.at(name);
  if (std::exchange(x.looked_at, true))
    return;
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self_);
  with_.probe(x.about, [this, weak, name, of = x.about.incarnation](bool refused) {
    if (const auto strong = weak.lock())
      caf::anon_send(caf::actor_cast<caf::actor>(strong),
                     caf::make_action([this, name, of, refused] { looked(name, of, refused); }));
  });
}

void mesh::looked(const std::string& name, std::uint64_t incarnation, bool refused) {
  if (refused)
    caf::anon_send(with_.member, found_dead{name, incarnation});
  const auto found = peers_.find(name);
  if (found == peers_.end())
    return;
  found->second.looked_at = false;
  if (refused || found->second.door)
    return;
  run_later(self_, with_.look_every, [this, name] {
    if (const auto known = peers_.find(name); known != peers_.end() && !known->second.door)
      look_whether_dead(name);
  });
}

void mesh::tell() {
  auto doors = std::make_shared<door_map>();
  for (const auto& [name, x] : peers_)
    if (x.door)
      doors->emplace(name, x.door);
  caf::anon_send(with_.member, reachable_peers{std::move(doors)});
  tell_others();
}

void mesh::tell_others() const {
  if (!with_.others)
    return;
  reachable_nodes all;
  for (const auto& [name, x] : peers_)
    if (x.door)
      all.nodes.emplace_back(x.about, x.door);
  with_.others(all);
}

} // namespace troupe::cluster
