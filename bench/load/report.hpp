// bench/load/report.hpp: how a run is told, to people and to programs.
#pragma once

#include "bench/load/driver.hpp"

#include <string>

namespace troupe::load {

struct run_name {
  std::string scenario;
  std::string url;
};

/// One line, without an end of line.
std::string progress_line(const state_now& x, const plan& what);

/// Several lines for people.
std::string table(const run_name& name, const plan& what, const result& x);

/// One JSON object; lengths of time in milliseconds.
std::string json_text(const run_name& name, const plan& what, const result& x);

/// One JSON object and an end of line; times in seconds of the monotonic clock, `again` when another attempt follows.
std::string json_line(const attempt& x, order_scenario& of);

} // namespace troupe::load
