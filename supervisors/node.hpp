// supervisors/node.hpp: one node of troupe: store, actors, adapters and gateways, put together and taken apart.
#pragma once

#include "actors/inventory/inventory.hpp"
#include "actors/notification/notification.hpp"
#include "actors/order/order.hpp"
#include "adapters/email/registry.hpp"
#include "adapters/http_client/curl_engine.hpp"
#include "adapters/payment/registry.hpp"
#include "gateways/http/server.hpp"
#include "supervisors/cluster_node.hpp"
#include "supervisors/health.hpp"
#include "supervisors/operators_webhook.hpp"
#include "supervisors/resilience/policy_book.hpp"
#include "supervisors/stores.hpp"
#include "supervisors/topology.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Told the path of the part that failed last, and the reason in words. Called on any thread.
using failed_fn = std::function<void(const std::string& part, const std::string& why)>;

/// What a running node takes over at once, see node::tune.
struct node_tuning {
  gateway::limits limits;
  std::string default_provider; // one of node_settings::providers
  bool capture_at_once = true;
  order::policy orders;
  inventory::policy inventory;
  troupe::slowness slowness;
  std::uint64_t queue_depth_max = 1'000;
  resilience::policy_book policies;
  std::map<std::string, std::string> guard_policies; // by guard: "payment.stripe"; "default" for those not in it
};

struct email_settings {
  notification::mailbox from;
  std::vector<email::provider_options> providers; // in the order in which they are tried; none: no mail is sent
  std::string templates;                          // folder; empty for the built-in ones alone
  notification::policy policy;                    // without the providers' names
};

struct webhook_settings {
  webhook::options receiver;    // without a URL nobody is told
  std::set<alarm::kind> told{}; // empty: all
};

struct node_settings {
  std::string name = "node-1";
  std::size_t threads = 0; // 0: one per processor
  store_settings store;
  cluster_settings cluster;
  std::filesystem::path operator_key_file;
  std::filesystem::path dead_letter_key_file{}; // empty: beside the operator key
  std::string commerce_address = "127.0.0.1";
  std::uint16_t commerce_port = 9001; // 0: the system chooses, see node::commerce_port
  std::string operations_address = "127.0.0.1";
  std::uint16_t operations_port = 7777;
  http::client_options client;
  std::vector<payment::provider_options> providers;
  email_settings email;
  webhook_settings webhook;
  node_tuning tuning;
  duration idle_timeout{60'000};
  std::uint64_t snapshot_every = 1'000;
  std::size_t live_max = 250'000;
  bool demo_catalog = true;
  supervision::limits restarts{}; // of every part
  /// Told when something is paused or goes on again (then with nothing), and at the start of what is paused still.
  /// Called on any thread, one at a time; returns at once.
  pause::registry::told_fn paused{};
  failed_fn failed{}; // restarts do not help any more: the node is of no use from then on
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

  std::uint16_t commerce_port() const; // 0 where there is none, see cluster_settings::roles
  std::uint16_t operations_port() const;
  const std::filesystem::path& operator_key_file() const;
  bool operator_key_made() const;

  /// The handles of what it consists of.
  const topology& parts() const;

  /// From now on, orders on their way included. From any thread.
  void tune(const node_tuning& x);

  /// From now on health/ready answers 503, so that balancers send it nothing new; everything else goes on.
  void announce_end();

  /// Drains the gateways, see gateway::server::stop, and ends. Whether every request in flight was answered. Orders in
  /// the middle of their way go on at the next start.
  bool stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
