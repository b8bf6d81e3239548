// tests/simulation/cluster/entrance.hpp: what stands before the gateways of all nodes, and sends each request to one.
#pragma once

#include "tests/simulation/node.hpp"
#include "tests/simulation/world.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::simulation {

/// One of the nodes, as whoever balances sees it.
struct gateway_seat {
  node* of = nullptr;
  bool is_ready = false;       // requests may be sent there
  std::uint64_t in_flight = 0; // requests that wait for its answer
};

/// Requests and what became of them.
struct entrance_counts {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0; // with another answer than one of the business
};

/// Sends each request to any node that is ready, as a load balancer does, and hears the answer.
class entrance {
public:
  entrance(world& w, std::vector<std::shared_ptr<gateway_seat>> seats);

  /// For clients; lives as long as they do.
  front reach();

  const entrance_counts& counts() const { return *counts_; }

  /// From now on told of each request that is answered by a failure, or not within `patience`; nobody when it is null.
  /// Whoever waits for an order's end may wait as long as he likes.
  void watch(duration patience, std::function<void(std::string)> failed);

private:
  friend class balancing_wire;
  friend class watching_wire;

  struct watcher {
    duration patience{0};
    std::function<void(std::string)> failed;
  };

  std::shared_ptr<gateway_seat> choose();
  template <class Handle> Handle wire(Handle front::*to);

  world& world_;
  std::vector<std::shared_ptr<gateway_seat>> seats_;
  random_source random_;
  std::shared_ptr<entrance_counts> counts_ = std::make_shared<entrance_counts>();
  std::shared_ptr<watcher> watcher_ = std::make_shared<watcher>();
};

} // namespace troupe::simulation
