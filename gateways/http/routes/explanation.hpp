// gateways/http/routes/explanation.hpp: what a client reads when an actor refuses.
#pragma once

#include <caf/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// A refusal in the words of RFC 9457.
struct explanation {
  int status = 409;
  std::string_view type;  // stable, in kebab-case: "out-of-stock"
  std::string_view title; // the same for every occurrence of `type`
  std::string detail;
  std::string_view pointer; // JSON pointer of the wrong field of the body; empty when none is to blame
};

/// What a rejection of any context means to a client; nothing for other errors, which `failure` tells of.
std::optional<explanation> explain(const caf::error& x);

} // namespace troupe::gateway
