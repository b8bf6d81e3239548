// tests/simulation/client.hpp: those who place orders, change their mind, and want to know what became of it all.
#pragma once

#include "tests/simulation/auditor.hpp"
#include "tests/simulation/node.hpp"
#include "tests/simulation/world.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::simulation {

/// What one client wants.
struct plan {
  duration begins_at{0};
  order::place command;
  std::string key;                       // Idempotency-Key; empty for none
  std::optional<duration> cancel_after;  // its placing
  std::optional<duration> capture_after; // its placing
  bool cancel_when_confirmed = false;
};

/// Where clients are counted out.
struct attendance {
  std::size_t busy = 0;
};

/// A client that carries out its plan, repeats what gets no answer, and reads the order until it has ended.
void spawn_client(world& w, auditor& audit, const front& at, plan what, std::shared_ptr<attendance> all);

/// Somebody who holds units of a SKU and never comes back for them. May release them, before or after.
struct hold_plan {
  duration begins_at{0};
  inventory::reserve command;
  bool releases = false;
  bool releases_first = false;
};
void spawn_holder(world& w, auditor& audit, const front& at, hold_plan what, std::shared_ptr<attendance> all);

/// Puts products on sale and their units in stock.
struct stocking {
  duration begins_at{0};
  sku_id sku;
  std::optional<money> price;
  inventory::units_t units = 0;
};
void spawn_stocker(world& w, auditor& audit, const front& at, stocking what, std::shared_ptr<attendance> all);

/// An operator who pauses something and lets it go on later, and insists on both.
struct pausing {
  duration begins_at{0};
  pause::target what;
  duration lasts{0}; // from when it was acknowledged
};
void spawn_operator(world& w, auditor& audit, const front& at, pausing what, std::shared_ptr<attendance> all);

/// An operator who looks through the open dead letters from time to time, and replays some and discards others, one by
/// one or all of a group.
struct letter_round {
  duration begins_at{0};
  duration ends_at{0};
};
void spawn_clerk(world& w, auditor& audit, const front& at, letter_round what, std::shared_ptr<attendance> all);

/// Reads every order and every SKU once and the list of open letters, and repeats what gets no answer.
struct final_reading {
  std::vector<order::view> orders;
  std::vector<inventory::stock> stocks;
  std::vector<dead_letter::entry> letters; // that are open
};
std::shared_ptr<final_reading> spawn_reader(world& w, auditor& audit, const front& at, std::vector<order_id> orders,
                                            std::vector<sku_id> skus, std::shared_ptr<attendance> all);

} // namespace troupe::simulation
