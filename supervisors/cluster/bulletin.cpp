#include "supervisors/cluster/bulletin.hpp"

#include "actors/timer.hpp"

#include <caf/send.hpp>

namespace troupe::cluster {

bulletin::bulletin(caf::event_based_actor* self, bulletin_settings with) : self_(self), with_(std::move(with)) {}

caf::behavior bulletin::make_behavior() {
  run_later(self_, with_.beat, [this] { beat(); });
  return {
    [this](const updated& x) {
      if (x.doors)
        meet(*x.doors);
    },
    [this](guards_moved) { say_guards(); },
    [this](const pause_put& x) { say(everybody(), pauses{{x.what}}); },
    [this](dead_letter::changed& x) {
      if (letters_.letters.empty())
        run_later(self_, with_.gathers_for, [this] { say_letters(); });
      letters_.letters.push_back(std::move(x));
    },
    [this](const breakers& x) { hear(x); },
    [this](const held_breakers& x) {
      for (const auto& each : x.trails)
        with_.hear_held(each);
    },
    [this](const pauses& x) {
      for (const auto& each : x.facts)
        with_.hear_pause(each);
    },
    [this](const dead_letter::elsewhere& x) {
      if (with_.letters)
        caf::anon_send(with_.letters, x);
    },
  };
}

// ---- to others -----------------------------------------------------------------------------------------------------

void bulletin::meet(const door_map& doors) {
  if (doors == doors_)
    return;
  std::vector<caf::actor> anew;
  for (const auto& [name, door] : doors)
    if (const auto known = doors_.find(name); known == doors_.end() || known->second != door)
      anew.push_back(door);
  doors_ = doors;
  say_all(anew);
  // Whoever went may have stored something that it told nobody, and whoever came was told nothing meanwhile.
  if (with_.letters && !std::exchange(reads_soon_, true))
    run_later(self_, with_.settles, [this] { read_letters_again(); });
}

void bulletin::read_letters_again() {
  reads_soon_ = false;
  caf::anon_send(with_.letters, dead_letter::read_again{});
}

std::vector<caf::actor> bulletin::everybody() const {
  std::vector<caf::actor> result;
  for (const auto& [name, door] : doors_)
    result.push_back(door);
  return result;
}

void bulletin::say_all(const std::vector<caf::actor>& to) {
  if (to.empty())
    return;
  if (auto own = own_breakers(); !own.facts.empty())
    say(to, own);
  if (held_breakers held{with_.held()}; !held.trails.empty())
    say(to, held);
  if (pauses all{with_.paused()}; !all.facts.empty())
    say(to, all);
}

// What was heard of others moves breakers, too, and there is nothing to say of that.
void bulletin::say_guards() {
  const auto own = own_breakers();
  std::vector<std::pair<std::uint64_t, bool>> now;
  for (const auto& x : own.facts)
    now.emplace_back(x.openings, x.open);
  if (std::exchange(said_, now) != now)
    say(everybody(), own);
  const held_breakers held{with_.held()};
  std::vector<std::uint64_t> versions;
  for (const auto& x : held.trails)
    versions.push_back(x.version);
  if (std::exchange(said_held_, versions) != versions)
    say(everybody(), held);
}

void bulletin::say_letters() {
  say(everybody(), std::exchange(letters_, {}));
}

void bulletin::beat() {
  say_all(everybody());
  run_later(self_, with_.beat, [this] { beat(); });
}

// ---- from others ---------------------------------------------------------------------------------------------------

void bulletin::hear(const breakers& x) {
  for (const auto& fact : x.facts) {
    auto& known = heard_[{x.node, fact.guard}];
    if (known.begun != x.begun)
      known = {x.begun, 0, false};
    const bool anew = fact.openings > known.openings;
    const bool tells = fact.open ? anew : anew || known.open;
    known.openings = fact.openings;
    known.open = fact.open;
    if (tells)
      with_.hear_breaker(x.node, fact);
  }
}

} // namespace troupe::cluster
