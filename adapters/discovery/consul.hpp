// adapters/discovery/consul.hpp: addresses from Consul.
#pragma once

#include "adapters/discovery/consul_codec.hpp"
#include "adapters/discovery/finder.hpp"
#include "adapters/http_client/curl_engine.hpp"

#include <memory>
#include <string>

namespace troupe::discovery {

struct consul_options {
  std::string base_url = "http://127.0.0.1:8500"; // of an agent
  consul::query query;
  std::string token{}; // of its access control; empty for none
  duration timeout{3'000};
};

/// Asks over `engine`, which may serve others as well.
std::unique_ptr<finder> make_consul(consul_options options, std::shared_ptr<http::curl_engine> engine);

} // namespace troupe::discovery
