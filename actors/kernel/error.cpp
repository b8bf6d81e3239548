#include "actors/kernel/error.hpp"

#include <stdexcept>

namespace troupe {

std::string_view name_of(ec x) {
  switch (x) {
    case ec::store_unavailable: return "store_unavailable";
    case ec::commit_unknown: return "commit_unknown";
    case ec::version_conflict: return "version_conflict";
    case ec::shard_lost: return "shard_lost";
    case ec::store_damaged: return "store_damaged";
    case ec::store_foreign: return "store_foreign";
    case ec::store_newer: return "store_newer";
    case ec::store_in_use: return "store_in_use";
    case ec::unavailable: return "unavailable";
    case ec::rate_limited: return "rate_limited";
    case ec::timed_out: return "timed_out";
    case ec::interrupted: return "interrupted";
    case ec::bad_response: return "bad_response";
    case ec::denied: return "denied";
    case ec::refused: return "refused";
    case ec::overloaded: return "overloaded";
    case ec::deadline: return "deadline";
    case ec::shutting_down: return "shutting_down";
    case ec::unknown_type: return "unknown_type";
    case ec::conflict: return "conflict";
    case ec::circuit_open: return "circuit_open";
    case ec::moved: return "moved";
  }
  return "invalid";
}

std::string to_string(ec x) {
  return std::string{name_of(x)};
}

void ensure(bool holds, std::string_view what) {
  if (!holds)
    throw std::logic_error{"invariant broken: " + std::string{what}};
}

} // namespace troupe
