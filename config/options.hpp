// config/options.hpp: everything that can be configured, with its default. Meaning, unit and key stand in table.cpp.
#pragma once

#include "actors/kernel/time.hpp"
#include "config/secret.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace troupe::config {

struct byte_size {
  std::uint64_t bytes = 0;

  auto operator<=>(const byte_size&) const = default;
};

struct listener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;

  bool operator==(const listener&) const = default;
};

struct node_options {
  std::string name = "node-1";
  std::uint64_t threads = 0;
  std::string state_directory = "~/.local/state/troupe"; // after load() absolute or relative to the working directory

  bool operator==(const node_options&) const = default;
};

struct connection_pool_options {
  std::uint64_t min = 5;
  std::uint64_t max = 20;

  bool operator==(const connection_pool_options&) const = default;
};

struct postgres_options {
  secret url; // it may hold a password
  connection_pool_options pool;
  connection_pool_options order_pool{10, 30};
  bool migrate = true;
  bool allow_weak_durability = false;

  bool operator==(const postgres_options&) const = default;
};

struct store_options {
  std::string kind = "sqlite";
  std::string path; // after load() never empty
  postgres_options postgres;

  bool operator==(const store_options&) const = default;
};

struct discovery_options {
  std::string kind = "store";
  std::string nodes;
  std::string service;
  std::uint64_t port = 9100;
  std::string server;
  std::string url = "http://127.0.0.1:8500";
  secret token;

  bool operator==(const discovery_options&) const = default;
};

struct cluster_options {
  bool enabled = false;
  listener port{"0.0.0.0", 9100};
  std::string advertise;
  std::string roles = "gateway,worker";
  std::string labels;
  std::uint64_t weight = 100;
  duration lease{2'000};
  duration renewal{500};
  std::uint64_t moves_at_once = 32;
  duration drain{std::chrono::seconds{30}};
  std::string certificate;
  std::string key;
  std::string ca;
  discovery_options discovery;
  std::string payment_placement;
  std::string email_placement;

  bool operator==(const cluster_options&) const = default;
};

struct sandbox_options {
  bool enabled = true;
  std::string address = "127.0.0.1";
  std::uint16_t port = 7778;
  std::uint16_t smtp_port = 7779;

  bool operator==(const sandbox_options&) const = default;
};

struct http_options {
  byte_size head_bytes_max{16 * 1024};
  byte_size body_bytes_max{1024 * 1024};
  std::uint64_t json_depth_max = 64;
  std::uint64_t connections_max = 10'000;
  duration head_timeout{std::chrono::seconds{10}};
  duration body_timeout{std::chrono::seconds{30}};
  duration idle_timeout{std::chrono::minutes{1}};
  duration write_timeout{std::chrono::seconds{30}};
  duration notice{0};
  duration drain{std::chrono::seconds{30}};

  bool operator==(const http_options&) const = default;
};

struct client_options {
  std::uint64_t calls_in_flight_max = 128;
  std::uint64_t calls_waiting_max = 1'024;
  duration connect_timeout{std::chrono::seconds{5}};
  duration connection_idle_max{std::chrono::minutes{1}};
  std::string proxy;
  std::string ca_file;

  bool operator==(const client_options&) const = default;
};

struct order_options {
  bool capture_at_once = true;
  duration hold_time{std::chrono::minutes{15}};
  duration retry_base{300};
  duration retry_max{std::chrono::seconds{30}};
  duration capture_window{std::chrono::days{7}};

  bool operator==(const order_options&) const = default;
};

struct inventory_options {
  std::uint64_t low_stock_threshold = 5;

  bool operator==(const inventory_options&) const = default;
};

struct entity_options {
  duration idle_timeout{std::chrono::minutes{1}};
  std::uint64_t snapshot_every = 1'000;
  std::uint64_t live_max = 250'000;

  bool operator==(const entity_options&) const = default;
};

struct supervision_options {
  std::uint64_t restarts_max = 5;
  duration restarts_within{std::chrono::minutes{1}};
  duration sheds_after{std::chrono::seconds{2}};
  duration not_ready_after{std::chrono::seconds{10}};

  bool operator==(const supervision_options&) const = default;
};

struct oauth_options {
  std::string token_url;
  std::string client_id;
  secret client_secret;
  std::string scope;

  bool operator==(const oauth_options&) const = default;
};

struct rate_options {
  std::uint64_t limit = 0;
  duration per{std::chrono::seconds{1}};
  std::uint64_t burst = 1;

  bool operator==(const rate_options&) const = default;
};

struct bulkhead_options {
  std::uint64_t calls_max = 0;
  std::uint64_t queue_max = 0;
  duration queue_time{0};

  bool operator==(const bulkhead_options&) const = default;
};

struct breaker_options {
  std::uint64_t failures = 5;
  std::uint64_t failure_percent = 0;
  duration window{std::chrono::seconds{10}};
  std::uint64_t calls_min = 10;
  duration open_time{std::chrono::minutes{1}};
  std::uint64_t half_open_calls = 1;

  bool operator==(const breaker_options&) const = default;
};

struct retry_options {
  std::uint64_t attempts = 1;
  std::uint64_t timeout_attempts = 0;
  std::string backoff = "exponential";
  duration base{300};
  duration max{std::chrono::seconds{10}};
  std::uint64_t budget_percent = 20;
  std::uint64_t budget_floor = 10;

  bool operator==(const retry_options&) const = default;
};

/// How calls to a service are shielded. A new policy begins with these values, which are those of `default`.
struct policy_options {
  duration timeout{std::chrono::seconds{30}};
  duration deadline{std::chrono::seconds{35}};
  rate_options rate;
  rate_options bulk_rate;
  bulkhead_options bulkhead;
  breaker_options breaker;
  retry_options retry;
  duration hedge_after{0};
  duration answer_age_max{0};

  bool operator==(const policy_options&) const = default;
};

using policy_map = std::map<std::string, policy_options>; // by name

/// The policies that are there without any configuration. One of the same name in a file changes some of its rules.
policy_map shipped_policies();

struct provider_options {
  std::string kind;
  std::string base_url;
  secret token;
  oauth_options oauth;
  secret api_key;
  secret webhook_secret;
  std::string policy = "default";
  duration timeout{std::chrono::seconds{30}};
  duration key_lifetime{std::chrono::hours{24}};
  duration search_lag{std::chrono::minutes{1}};

  bool operator==(const provider_options&) const = default;
};

/// "http://127.0.0.1:9001"; an IPv6 address stands in brackets.
std::string url_of(const std::string& address, std::uint16_t port);

using provider_map = std::map<std::string, provider_options>; // by the name that orders use

/// The sandbox's twins of both providers, which serve when no others are configured. With port 0 their URLs are known
/// only when the sandbox listens: make them again with the port that it got.
provider_map sandbox_providers(const sandbox_options& sandbox);

struct payment_options {
  std::string default_provider = "rest";
  provider_map providers = sandbox_providers({});

  bool operator==(const payment_options&) const = default;
};

struct email_provider_options {
  std::string kind;
  std::string base_url;
  secret api_key;
  std::string url;
  std::string user;
  secret password;
  std::string start_tls = "required";
  duration timeout{std::chrono::seconds{10}};
  std::string policy = "mail";

  bool operator==(const email_provider_options&) const = default;
};

using email_provider_map = std::map<std::string, email_provider_options>; // by name

/// The sandbox's twins of the mail providers, as sandbox_providers; with smtp_port 0 the same holds of smtp's URL.
email_provider_map sandbox_email_providers(const sandbox_options& sandbox);

struct email_options {
  bool enabled = true;
  std::string from = "The shop <orders@shop.example>";
  std::string order;
  std::string templates;
  std::uint64_t transactional_per_second = 100;
  std::uint64_t bulk_per_hour = 1'000;
  std::uint64_t attempts_max = 5;
  std::uint64_t unanswered_max = 3;
  duration retry_base{std::chrono::seconds{10}};
  duration rate_limit_wait{std::chrono::minutes{1}};
  duration lifetime{std::chrono::hours{1}};
  email_provider_map providers = sandbox_email_providers({});

  bool operator==(const email_options&) const = default;
};

struct log_options {
  std::string level = "info";
  std::string format = "auto";

  bool operator==(const log_options&) const = default;
};

struct demo_options {
  bool catalog = true;

  bool operator==(const demo_options&) const = default;
};

/// Whom the node tells when something needs people.
struct webhook_options {
  std::string url; // empty: nobody
  secret key;
  std::string events;
  std::string policy = "webhook";
  duration timeout{std::chrono::seconds{10}};

  bool operator==(const webhook_options&) const = default;
};

/// When operators are told that too much is due.
struct queue_options {
  std::uint64_t depth_max = 1'000;

  bool operator==(const queue_options&) const = default;
};

struct options {
  node_options node;
  store_options store;
  cluster_options cluster;
  listener commerce{"127.0.0.1", 9001};
  listener operations{"127.0.0.1", 7777};
  queue_options queues;    // "operations.queue_depth_max"
  webhook_options webhook; // "operations.webhook"
  sandbox_options sandbox;
  http_options http;
  client_options client;
  order_options orders;
  inventory_options inventory;
  entity_options entities;
  supervision_options supervision;
  payment_options payment;
  policy_map policies = shipped_policies();
  email_options email;
  log_options log;
  demo_options demo;

  bool operator==(const options&) const = default;
};

} // namespace troupe::config
