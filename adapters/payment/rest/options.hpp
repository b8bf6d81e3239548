// adapters/payment/rest/options.hpp: what the adapter of the REST provider needs to know.
#pragma once

#include "actors/kernel/time.hpp"

#include <string>

namespace troupe::payment::rest {

struct oauth_options {
  std::string token_url; // absolute; empty: the static token is used
  std::string client_id;
  std::string client_secret;
  std::string scope; // empty for the server's default
};

struct options {
  std::string base_url;     // "https://pay.example.com/v1"
  std::string token;        // static bearer token
  oauth_options oauth;      // OAuth 2.0 client credentials instead
  duration timeout{30'000}; // of one call
};

} // namespace troupe::payment::rest
