// adapters/email/pace.hpp: how fast mails may leave. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"
#include "actors/notification/notification.hpp"

#include <cstdint>
#include <optional>

namespace troupe::email {

struct rate {
  std::uint32_t mails = 0; // in `per`
  duration per{0};
  std::uint32_t burst = 1; // that may leave at once after a pause
};

/// A token bucket. Time that goes back fills nothing.
class bucket {
public:
  explicit bucket(rate how) : rate_(how), level_(how.per * how.burst) {}

  /// Takes a token, or says how long until there is one.
  std::optional<duration> take(time_point now);

private:
  void fill(time_point now);

  rate rate_;
  duration level_; // tokens times `per`, so that nothing is rounded
  std::optional<time_point> at_;
};

/// What a provider's connections are shared by: mails on their way, and those that wait for theirs to end.
struct pace_options {
  rate transactional{100, std::chrono::seconds{1}, 100};
  rate bulk{1'000, std::chrono::hours{1}, 20};
  std::size_t in_flight_max = 16;
  std::size_t waiting_max = 1'000; // of each category
};

} // namespace troupe::email
