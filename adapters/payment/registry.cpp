#include "adapters/payment/registry.hpp"

#include "adapters/payment/rest/rest.hpp"
#include "adapters/payment/simulated/simulated.hpp"
#include "adapters/payment/stripe/stripe.hpp"

#include <algorithm>
#include <array>

namespace troupe::payment {

namespace {

/// What an adapter may need from the program.
struct surroundings {
  caf::actor_system& system;
  http::client_actor client;
  clock_fn now;
  random_fn random;
};

bool is_url(const std::string& text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

// ---- rest ----

std::string problem_with_rest(const provider_options& x) {
  if (!is_url(x.base_url))
    return "base_url: an http or https URL is needed";
  if (x.oauth_token_url.empty())
    return x.token.empty() ? "token: needed, or oauth.token_url" : "";
  if (!is_url(x.oauth_token_url))
    return "oauth.token_url: an http or https URL is needed";
  if (x.oauth_client_id.empty())
    return "oauth.client_id: needed with oauth.token_url";
  return x.oauth_client_secret.empty() ? "oauth.client_secret: needed with oauth.token_url" : "";
}

provider_actor spawn_rest(surroundings s, const provider_options& x) {
  return rest::spawn_rest(
    s.system,
    {x.base_url, x.token, {x.oauth_token_url, x.oauth_client_id, x.oauth_client_secret, x.oauth_scope}, x.timeout},
    std::move(s.client), std::move(s.now), std::move(s.random));
}

// ---- stripe ----

std::string problem_with_stripe(const provider_options& x) {
  if (!x.base_url.empty() && !is_url(x.base_url))
    return "base_url: an http or https URL is needed";
  return x.api_key.empty() ? "api_key: needed" : "";
}

provider_actor spawn_stripe(surroundings s, const provider_options& x) {
  stripe::options options;
  if (!x.base_url.empty())
    options.base_url = x.base_url;
  options.api_key = x.api_key;
  options.timeout = x.timeout;
  options.search_lag = x.search_lag;
  return stripe::spawn_stripe(s.system, std::move(options), std::move(s.client), std::move(s.now), std::move(s.random));
}

// ---- simulated ----

std::string problem_with_simulated(const provider_options&) {
  return {};
}

provider_actor spawn_simulated(surroundings s, const provider_options&) {
  return simulated::spawn_simulated(s.system, std::move(s.now));
}

struct kind {
  std::string_view name;
  std::string (*problem_with)(const provider_options&);
  provider_actor (*spawn)(surroundings, const provider_options&);
};

constexpr std::array kinds{
  kind{"simulated", problem_with_simulated, spawn_simulated},
  kind{"rest", problem_with_rest, spawn_rest},
  kind{"stripe", problem_with_stripe, spawn_stripe},
};

const kind* find_kind(std::string_view name) {
  const auto at = std::find_if(kinds.begin(), kinds.end(), [name](const kind& x) { return x.name == name; });
  return at == kinds.end() ? nullptr : &*at;
}

} // namespace

std::vector<std::string_view> provider_kinds() {
  std::vector<std::string_view> result;
  for (const auto& x : kinds)
    result.push_back(x.name);
  return result;
}

std::string problem_with(const provider_options& x) {
  const auto* found = find_kind(x.kind);
  if (!found) {
    std::string known;
    for (const auto& k : kinds)
      known.append(known.empty() ? "" : ", ").append(k.name);
    return "kind: there is no \"" + x.kind + "\", only " + known;
  }
  if (x.name.empty())
    return "name: needed";
  if (x.timeout <= duration::zero())
    return "timeout: must be more than nothing";
  if (x.key_lifetime <= duration::zero())
    return "key_lifetime: must be more than nothing";
  return found->problem_with(x);
}

provider spawn_provider(caf::actor_system& system, const provider_options& x, http::client_actor client, clock_fn now,
                        random_fn random) {
  const auto problem = problem_with(x);
  ensure(problem.empty(), "payment provider " + x.name + ": " + problem);
  auto actor = find_kind(x.kind)->spawn({system, std::move(client), std::move(now), std::move(random)}, x);
  return {std::move(actor), x.key_lifetime};
}

} // namespace troupe::payment
