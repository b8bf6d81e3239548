// tests/simulation/scenario.hpp: one run of the whole order path, decided by a seed.
#pragma once

#include "tests/simulation/auditor.hpp"
#include "tests/simulation/bug.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::simulation {

/// One actor that is killed once, whatever else goes wrong.
struct planned_kill {
  std::string whom; // a path of the node's tree, or "any NAME": one of those that go by that name
  duration at{0};   // since the shop opened; then when it next has something to do
};

struct options {
  std::uint64_t seed = 1;
  std::size_t orders = 12;
  std::size_t nodes = 1; // more: a cluster
  double faults = 1;     // scales every probability of a mishap; 0: nothing goes wrong
  bug planted = bug::none;
  std::optional<planned_kill> kill;
  std::function<void(std::string_view)> trace; // a line for each step
};

struct result {
  std::string violation; // empty: everything held
  std::uint64_t steps = 0;
  std::uint64_t hash = 0; // of everything that happened
  duration lasted{0};     // virtual time
  tally counts;
  bool killed = false;            // whom options::kill names
  std::vector<std::string> paths; // of the node's tree
  std::set<std::string> names;    // of its actors
};

/// Everybody who can be killed: each part of the node's tree by its path, and by "any NAME" all who ever had something
/// to do in the first runs.
std::set<std::string> everybody();

/// The kill of `whom` in the run with this seed: while orders come in.
planned_kill kill_in(std::uint64_t seed, const std::string& whom);

/// Runs one world until every order has ended and nothing is left to expire, or something is wrong.
result run(const options& x);

/// What a person types to see a run again.
std::string command_line(const options& x);

} // namespace troupe::simulation
