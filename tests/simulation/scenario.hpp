// tests/simulation/scenario.hpp: one run of the whole order path, decided by a seed.
#pragma once

#include "tests/simulation/auditor.hpp"
#include "tests/simulation/bug.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::simulation {

struct options {
  std::uint64_t seed = 1;
  std::size_t orders = 12;
  double faults = 1; // scales every probability of a mishap; 0: nothing goes wrong
  bug planted = bug::none;
  std::function<void(std::string_view)> trace; // a line for each step
};

struct result {
  std::string violation; // empty: everything held
  std::uint64_t steps = 0;
  std::uint64_t hash = 0; // of everything that happened
  duration lasted{0};     // virtual time
  tally counts;
};

/// Runs one world until every order has ended and nothing is left to expire, or something is wrong.
result run(const options& x);

/// What a person types to see a run again.
std::string command_line(const options& x);

} // namespace troupe::simulation
