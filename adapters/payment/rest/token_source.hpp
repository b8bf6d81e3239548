// adapters/payment/rest/token_source.hpp: keeps one access token fresh for one actor.
#pragma once

#include "actors/payment/provider.hpp"
#include "adapters/payment/exchange.hpp"
#include "adapters/payment/rest/token.hpp"

#include <functional>
#include <vector>

namespace troupe::payment::rest {

class token_source {
public:
  using receiver = std::function<void(const caf::expected<std::string>&)>;

  token_source(provider_actor::pointer self, const way_out& way, options configured)
    : self_(self), way_(way), options_(std::move(configured)) {}

  /// Passes a bearer token to `then`: at once where there is one, otherwise when it has arrived. One fetch serves all
  /// who wait.
  void get(receiver then);

  /// The provider does not take this token any more. False when no other can be had.
  bool reject(const std::string& token);

private:
  void fetch();
  void arrived(caf::expected<access_token> x);

  provider_actor::pointer self_;
  const way_out& way_;
  options options_;
  access_token current_;
  bool fetching_ = false;
  std::vector<receiver> waiting_;
};

} // namespace troupe::payment::rest
