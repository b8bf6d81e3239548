// supervisors/node.hpp: one node of troupe: store, actors, adapters and gateways, put together and taken apart.
#pragma once

#include "actors/inventory/inventory.hpp"
#include "actors/order/order.hpp"
#include "adapters/http_client/curl_engine.hpp"
#include "adapters/payment/registry.hpp"
#include "gateways/http/server.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

struct node_settings {
  std::string name = "node-1";
  std::size_t threads = 0;          // 0: one per processor
  std::filesystem::path store_file; // its folder must exist
  std::filesystem::path operator_key_file;
  std::string commerce_address = "127.0.0.1";
  std::uint16_t commerce_port = 9001; // 0: the system chooses, see node::commerce_port
  std::string operations_address = "127.0.0.1";
  std::uint16_t operations_port = 7777;
  gateway::limits limits;
  http::client_options client;
  std::vector<payment::provider_options> providers;
  std::string default_provider;
  bool capture_at_once = true;
  order::policy orders;
  inventory::policy inventory;
  duration idle_timeout{60'000};
  std::uint64_t snapshot_every = 1'000;
  std::size_t live_max = 250'000;
  bool demo_catalogue = true;
};

/// A running node. Throws std::runtime_error from its constructor, with a text that says what to do, when the store,
/// an address or the operator key cannot be had; nothing is left running then.
class node {
public:
  explicit node(node_settings settings);

  /// Stops without waiting for requests in flight.
  ~node();

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  std::uint16_t commerce_port() const;
  std::uint16_t operations_port() const;
  const std::filesystem::path& operator_key_file() const;
  bool operator_key_made() const;

  /// Drains the gateways, see gateway::server::stop, and ends. Whether every request in flight was answered. Orders in
  /// the middle of their way go on at the next start.
  bool stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
