// gateways/http/routes/explanation.hpp: what a client reads when an actor refuses or fails.
#pragma once

#include <caf/error.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// A refusal or failure in the words of RFC 9457.
struct explanation {
  int status = 500;
  std::string_view type;    // stable, in kebab-case: "out-of-stock"
  std::string_view title;   // the same for every occurrence of `type`
  std::string detail;
  std::string_view pointer; // JSON pointer of the wrong field of the body; empty when none is to blame
  std::optional<std::chrono::seconds> retry_after; // always there for 429 and 503
};

/// Total: an error of a category that no context owns is a 500 that tells nothing of the inside.
explanation explain(const caf::error& x);

} // namespace troupe::gateway
