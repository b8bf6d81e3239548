// adapters/email/resend/twin.hpp: a sandbox of Resend, in its wire form. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/email/inbox.hpp"

#include <deque>
#include <map>
#include <string>

namespace troupe::email::resend {

struct twin_options {
  std::string api_key;                           // that is accepted; empty accepts any
  std::uint32_t requests_per_second = 0;         // 0: any number
  duration key_lifetime{std::chrono::hours{24}}; // of idempotency keys
};

/// Resend as its callers see it: `POST /emails`. Not for two threads at once.
class twin {
public:
  static constexpr std::size_t keys_max = 10'000; // remembered; the oldest go first

  twin(twin_options options, inbox& letters, random_fn random)
    : options_(std::move(options)), letters_(letters), random_(std::move(random)) {}

  /// Acts and answers. `r.target` begins at the provider's base URL.
  http::response handle(const http::request& r, time_point now);

  /// The answer of a provider that will not or cannot serve, in its own form.
  static http::response failure(int status);

private:
  struct remembered {
    std::uint64_t body_hash = 0;
    std::string id;
  };

  http::response send(const http::request& r, time_point now);
  void forget(time_point now);

  twin_options options_;
  inbox& letters_;
  random_fn random_;
  every_other limited_;
  every_other unavailable_;
  std::map<std::string, remembered, std::less<>> keys_;
  std::deque<std::pair<time_point, std::string>> ages_; // of the keys, oldest first
  time_point second_{};                                 // in which the requests were counted
  std::uint32_t requests_ = 0;
};

} // namespace troupe::email::resend
