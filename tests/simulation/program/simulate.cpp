// tests/simulation/program/simulate.cpp: troupe-simulate, the simulation for people.
#include "supervisors/message_types.hpp"
#include "tests/simulation/scenario.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <set>

namespace {

using namespace troupe::simulation;

struct totals {
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;
  std::uint64_t failed = 0;
  std::uint64_t hash = 1469598103934665603ull; // of all runs, in order
  tally counts;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Of this process, whoever else is busy on the machine.
double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

template <class Counts> void print(const char* title, const Counts& counts) {
  if (!counts.empty())
    std::printf("%s:\n", title);
  for (const auto& [name, count] : counts)
    std::printf("  %-32s %llu\n", name.c_str(), static_cast<unsigned long long>(count));
}

void print(const totals& x, double seconds) {
  const auto cpu = cpu_seconds();
  std::printf("%llu runs, %llu failed, %llu steps in %.1f s; %.1f s of CPU, %.0f steps a second of it\n",
              static_cast<unsigned long long>(x.runs), static_cast<unsigned long long>(x.failed),
              static_cast<unsigned long long>(x.steps), seconds, cpu,
              cpu > 0 ? static_cast<double>(x.steps) / cpu : 0.0);
  std::printf("%llu orders, %llu commits, %llu provider calls\n", static_cast<unsigned long long>(x.counts.orders),
              static_cast<unsigned long long>(x.counts.commits),
              static_cast<unsigned long long>(x.counts.provider_calls));
  if (x.counts.requests > 0)
    std::printf("%llu requests, %llu of them failed; at most %lld ms until every shard was served again\n",
                static_cast<unsigned long long>(x.counts.requests),
                static_cast<unsigned long long>(x.counts.failed_requests),
                static_cast<long long>(x.counts.longest_without_owner.count()));
  print("how they ended", x.counts.ends);
  print("how mails ended", x.counts.mails);
  print("what became of dead letters", x.counts.letters);
  print("what went wrong on purpose", x.counts.mishaps);
  std::printf("trace %016llx\n", static_cast<unsigned long long>(x.hash));
}

} // namespace

int main(int argc, char** argv) {
  options what;
  std::uint64_t seeds = 1;
  std::uint64_t failures_max = 1;
  bool trace = false;
  std::string planted{name_of(bug::none)};

  CLI::App app{"Runs the order path in a simulated world: virtual time, random order of events, failing parts.\n"
               "The same seed gives the same run."};
  app.add_option("--seed", what.seed, "the first seed")->capture_default_str();
  app.add_option("--seeds", seeds, "how many seeds, one after another")->capture_default_str();
  app.add_option("--orders", what.orders, "orders of one run")->capture_default_str()->check(CLI::Range(1, 100'000));
  app.add_option("--nodes", what.nodes, "nodes of a cluster; 1: one that is alone")
    ->capture_default_str()
    ->check(CLI::Range(1, 26));
  app.add_option("--faults", what.faults, "scales the probability of every mishap; 0 for none")
    ->capture_default_str()
    ->check(CLI::Range(0.0, 10.0));
  app.add_option("--failures", failures_max, "stop after so many failed runs; 0 for never")->capture_default_str();
  app.add_flag("--trace", trace, "print every step");
  planned_kill kill;
  app.add_option(
    "--kill", kill.whom,
    "kill this part of the node once: a path of its tree, or \"any NAME\"; \"each\": one part after another, "
    "in as many runs for each seed");
  std::int64_t kill_at_ms = -1;
  app.add_option("--kill-at", kill_at_ms,
                 "when, in milliseconds since the shop opened; by the seed when it is not said");
  app.add_option("--bug", planted, "plant a bug, to see it found")
    ->capture_default_str()
    ->check([](const std::string& x) {
      std::string known;
      for (const auto each : all_bugs())
        known += "\n  " + std::string{name_of(each)};
      return parse_bug(x) ? std::string{} : "unknown bug \"" + x + "\"; known are:" + known;
    });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  what.planted = *parse_bug(planted);
  if (trace)
    what.trace = [](std::string_view line) { std::cout << line << '\n'; };

  troupe::register_message_types();
  const bool shows_progress = isatty(STDERR_FILENO) != 0 && !trace;
  const auto begin = std::chrono::steady_clock::now();
  auto shown_at = begin;
  totals all;
  std::set<std::string> whom{kill.whom}; // Nobody, when that is empty.
  if (kill.whom == "each")
    whom = everybody();
  std::map<std::string, std::uint64_t> kills;
  const auto run_one = [&](const std::string& killed) {
    what.kill.reset();
    if (!killed.empty())
      what.kill = kill_at_ms < 0 ? kill_in(what.seed, killed) : planned_kill{killed, troupe::duration{kill_at_ms}};
    const auto one = run(what);
    if (!killed.empty())
      kills[killed] += one.killed ? 1 : 0;
    ++all.runs;
    all.steps += one.steps;
    all.counts += one.counts;
    all.hash = (all.hash ^ one.hash) * 1099511628211ull;
    if (!one.violation.empty()) {
      ++all.failed;
      std::cout << "seed " << what.seed << ": " << one.violation << "\n  after " << one.steps << " steps, "
                << one.lasted.count() << " ms of virtual time; again with:\n  " << command_line(what) << std::endl;
    }
    if (shows_progress && seconds_since(shown_at) > 0.2) {
      shown_at = std::chrono::steady_clock::now();
      std::fprintf(stderr, "\r%llu of %llu runs, %.0f steps/s ", static_cast<unsigned long long>(all.runs),
                   static_cast<unsigned long long>(seeds * whom.size()),
                   static_cast<double>(all.steps) / seconds_since(begin));
    }
  };
  for (const auto end = what.seed + seeds; what.seed < end; ++what.seed)
    for (const auto& killed : whom)
      if (failures_max == 0 || all.failed < failures_max)
        run_one(killed);
  if (shows_progress)
    std::fprintf(stderr, "\r\x1b[K");
  print("who was killed", kills);
  print(all, seconds_since(begin));
  return all.failed == 0 ? 0 : 1;
}
