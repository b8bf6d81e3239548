// tests/adapters/payment/scripted_client.hpp: an HTTP client that a test answers itself.
#pragma once

#include "adapters/http_client/http_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace troupe::test {

/// Answers each call by a function, and remembers it.
class scripted_client {
public:
  using answer_fn = std::function<caf::expected<http::response>(const http::call&)>;

  scripted_client(caf::actor_system& system, answer_fn answer)
    : calls_(std::make_shared<std::vector<http::call>>()),
      actor_(system.spawn([calls = calls_, answer = std::move(answer)]() -> http::client_actor::behavior_type {
        return {[calls, answer](const http::call& x) -> caf::result<http::response> {
          calls->push_back(x);
          auto result = answer(x);
          if (!result)
            return std::move(result.error());
          return std::move(*result);
        }};
      })) {}

  const http::client_actor& actor() const { return actor_; }
  const std::vector<http::call>& calls() const { return *calls_; }

private:
  std::shared_ptr<std::vector<http::call>> calls_;
  http::client_actor actor_;
};

inline http::response json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

} // namespace troupe::test
