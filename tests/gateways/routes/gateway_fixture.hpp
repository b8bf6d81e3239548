// tests/gateways/routes/gateway_fixture.hpp: the routes over actors of the test, without a socket.
#pragma once

#include "gateways/http/routes/routes.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// What a request of a test is made of.
struct call {
  std::string method;
  std::string target;
  std::string body = {};
  http::headers fields = {};
  std::string principal = "anonymous";
  std::optional<std::chrono::milliseconds> within = {}; // the request's deadline; five seconds by default
};

/// Orders that do what the test says. Touched by the test only while no call is in flight.
struct order_desk {
  std::map<std::string, order::view> orders;
  std::vector<order::place> placed;
  std::vector<order::cancel> cancelled;
  std::vector<order::capture> captured;
  std::vector<request_context> contexts; // of `placed`
  std::optional<caf::error> failing;     // every command
  std::optional<caf::error> cancel_refused;
  std::optional<caf::error> capture_refused;
  std::optional<caf::error> await_fails;
  order::status ends_as = order::status::confirmed; // for those who await it
  bool silent = false;                              // never answers
};

struct stock_room {
  std::map<std::string, inventory::stock> stock;
  std::map<std::string, std::map<std::string, inventory::units_t>> held; // by SKU, by reservation
  std::vector<std::string> released;                                     // reservations
  std::optional<caf::error> release_fails;
  std::string silent_sku; // reserve of it is never answered, and holds
};

class gateway_fixture : public ::testing::Test {
protected:
  gateway_fixture();
  ~gateway_fixture() override;

  /// The response of the route that the call finds, after its body passed the route's schema.
  http::response send(const call& x);

  /// Two calls in flight at the same time.
  std::pair<http::response, http::response> send_both(const call& first, const call& second);

  /// The wrong fields of a body by the schema of a route, as JSON pointers.
  std::vector<std::string> wrong_fields(const std::string& method, const std::string& path, const std::string& body);

  gateway::scope scope_of(const std::string& method, const std::string& path);

  /// Writes events to the journal that the routes read.
  void record(const order_id& id, const order::event& event, time_point at);

  static nlohmann::json json_of(const http::response& x) { return nlohmann::json::parse(x.body); }

private:
  struct config : caf::actor_system_config {
    config() {
      set("caf.scheduler.max-threads", 2u);
      set("caf.scheduler.policy", "sharing");
    }
  };

  config config_;

protected:
  caf::actor_system sys{config_};
  order_desk desk;
  stock_room room;
  std::map<std::string, catalog::product> products;
  std::map<std::string, idempotency::claim> claims; // by scope
  std::vector<journal::stored_event> events;
  std::vector<journal::read_latest> log_questions; // that the journal was asked
  gateway::health_report health;
  std::vector<gateway::part> parts;
  std::atomic<bool> overloaded{false};
  guard::report shield; // the only guard
  std::vector<guard::set_breaker> breakers;
  alarm::tested webhook_says{"0199", std::nullopt};
  std::vector<std::string> webhook_tests; // their reasons
  std::vector<guard::set_policy> policies;
  std::vector<std::string> guards_asked_by;
  std::optional<caf::error> guard_refuses;
  pause::registry paused{pause::board{}};
  std::vector<std::pair<std::string, request_context>> pausings; // what was asked, and by whom
  std::set<pause::target> pausable;
  gateway::webhook_outcome webhook = gateway::webhook_outcome::accepted;
  std::vector<http::request> webhooks;
  std::atomic<std::uint64_t> drawn{0};
  time_point noon = *parse_rfc3339("2026-03-01T12:00:00Z");
  gateway::router table;

private:
  boost::asio::io_context io_;
  std::optional<gateway::asker> asker_;

  std::vector<http::response> run(const std::vector<call>& calls);
  guard::guards_actor::behavior_type guards_behavior();
  pause::pause_actor::behavior_type pauses_behavior();
};

} // namespace troupe::test
