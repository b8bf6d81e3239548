// actors/kernel/error.hpp: what can break outside the business. Code branches on these codes, people read the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Why something that should work did not. A business refusal is a context's `rejection` instead.
enum class ec : std::uint8_t {
  // The journal and its store.
  store_unavailable = 1, // nothing was stored; the store is being reopened
  commit_unknown,        // the store failed in the middle: it may or may not be stored
  version_conflict,      // the stream has moved past the version that the writer expected
  shard_lost,            // another owner has a higher epoch
  store_damaged,         // a checksum, a version or a schema does not hold
  store_foreign,         // the file is not ours
  store_newer,           // the file was written by a newer release
  store_in_use,          // another process has the file
  // Calls to others.
  unavailable,  // the other side said that it cannot (503), or nobody answered the connect: nothing was done
  rate_limited, // 429; the context may hold the wait
  timed_out,    // no answer in time: it may have been done
  interrupted,  // the connection broke after sending: it may have been done
  bad_response, // an answer that does not fit its schema: it may have been done
  denied,       // the other side refuses us: credentials, permissions
  refused,      // the other side refuses the request itself: a 4xx that a retry cannot help
  // Here.
  overloaded,    // a bound is reached; try again after a while
  deadline,      // the deadline had passed before the work began
  shutting_down, // the node is draining
  unknown_type,  // a stored event or message of a type or version that this release does not know
  conflict,      // the other side is at it already, or its state has moved (409): what was done has to be looked up
  circuit_open,  // our circuit breaker keeps calls from the other side for now: nothing was done
  moved,         // this node does not own the entity, or not any more: whoever owns it has to be asked
};

/// A short text in snake_case, stable: `store_unavailable`.
std::string_view name_of(ec x);

std::string to_string(ec x);

/// Whether the same thing may work a while later, unchanged.
constexpr bool is_transient(ec x) {
  switch (x) {
    case ec::store_unavailable:
    case ec::commit_unknown:
    case ec::version_conflict:
    case ec::shard_lost:
    case ec::unavailable:
    case ec::rate_limited:
    case ec::timed_out:
    case ec::interrupted:
    case ec::bad_response:
    case ec::overloaded:
    case ec::deadline:
    case ec::shutting_down:
    case ec::conflict:
    case ec::circuit_open:
    case ec::moved: return true;
    case ec::store_damaged:
    case ec::store_foreign:
    case ec::store_newer:
    case ec::store_in_use:
    case ec::denied:
    case ec::refused:
    case ec::unknown_type: return false;
  }
  return false;
}

/// Whether the other side may have acted although we have no answer. Money is then *pending*, never failed.
constexpr bool may_have_acted(ec x) {
  return x == ec::timed_out || x == ec::interrupted || x == ec::bad_response || x == ec::commit_unknown
         || x == ec::conflict;
}

/// Stops the actor that finds its own state impossible; its supervisor recovers it from the journal.
void ensure(bool holds, std::string_view what);

} // namespace troupe
