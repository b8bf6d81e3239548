// tests/simulation/shop.hpp: what is for sale in a run, and who comes to buy it.
#pragma once

#include "tests/simulation/client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::simulation {

inline constexpr duration opening_hours = std::chrono::seconds{20}; // in which orders are placed

/// Draws products and clients, and sends them to whoever serves.
class shop {
public:
  shop(world& w, auditor& audit, random_source& random, std::size_t orders, std::shared_ptr<attendance> all)
    : world_(w), audit_(audit), random_(random), orders_(orders), all_(std::move(all)) {}

  /// Puts everything on sale.
  void open(const front& at);

  /// Lets everybody in who will ever come.
  void invite(const front& at);

  const std::vector<sku_id>& skus() const { return skus_; }

  /// One of the orders, for an operator.
  const order_id& chosen() const { return chosen_; }

private:
  void expect(const order::place& x);
  plan make_plan(std::size_t number);
  std::string address();
  std::string method();

  world& world_;
  auditor& audit_;
  random_source& random_;
  std::size_t orders_;
  std::shared_ptr<attendance> all_;
  std::vector<sku_id> skus_;
  order_id chosen_;
};

} // namespace troupe::simulation
