// adapters/discovery/finder.hpp: port: finds the addresses of other processes.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/time.hpp"
#include "adapters/discovery/address.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace troupe::discovery {

/// Blocks for as long as its kind's timeout says; called by one thread at a time. May be repeated.
class finder {
public:
  virtual ~finder() = default;

  /// At least one address, in order, none twice. Fails with unavailable (nobody answers, no such name or service, or
  /// nothing behind it), timed_out, bad_response, denied, refused (the question itself is wrong), each with a text that
  /// names who was asked for what.
  virtual caf::expected<std::vector<address>> find() = 0;
};

/// An answer, perhaps of before.
struct found {
  std::vector<address> addresses;
  duration age{0};    // since it was asked for; nothing when it is of now
  caf::error failure; // why there is no newer one; empty when it is of now
};

/// Keeps the last good answer of a finder, for as long as there is none better.
class kept_finder {
public:
  explicit kept_finder(std::unique_ptr<finder> x);

  /// Asks anew. Fails as the finder does when there has been no good answer yet. `now` is a wall clock's: an answer
  /// from the future has no age.
  caf::expected<found> find(time_point now);

private:
  std::unique_ptr<finder> finder_;
  std::optional<std::vector<address>> last_;
  time_point asked_at_;
};

} // namespace troupe::discovery
