// tests/simulation/node.hpp: one troupe node of real parts under real supervisors.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/order/order_entity.hpp"
#include "adapters/http_client/http_client.hpp"
#include "supervisors/resilience/guard.hpp"
#include "supervisors/topology.hpp"
#include "tests/simulation/bug.hpp"
#include "tests/simulation/sink.hpp"
#include "tests/simulation/world.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::simulation {

/// How often a node's parts suffer.
struct node_faults {
  wire_faults local;           // between orders and stock, prices, the payment adapter
  wire_faults disk;            // between the journal and its store; nothing is lost or doubled there
  resilience::policy policy;   // of the guard before each provider
  duration restart_max{1'000}; // from the death of the whole node to its next start
};

/// What makes a node one of several.
struct membership {
  std::string name;
  group of = 0;
  clock_fn now;                                     // what the node's clock shows
  std::function<void(topology_settings&)> describe; // adds what is the cluster's
  std::function<void(topology&)> complete;          // adds the cluster's parts to the tree
  std::function<void()> ended;                      // the process is gone; before its actors are
};

/// How a node is set up. Short times, so that a run of minutes sees what takes a node days.
struct node_options {
  duration hold_time{std::chrono::minutes{1}};
  duration capture_window{std::chrono::minutes{2}};
  duration key_lifetime{std::chrono::hours{24}};
  duration idle_timeout{5'000};
  std::uint64_t snapshot_every = 4;
  std::size_t live_max = 250'000;            // entities of a region
  std::vector<std::string> mail_providers{}; // of simulation::mail_providers, in the order in which they are tried
  std::shared_ptr<sink_moods> moods = std::make_shared<sink_moods>();
  std::shared_ptr<const membership> member{};
};

/// The ways out of a node.
struct clients {
  http::client_actor payment;
  std::map<std::string, http::client_actor> mail; // by provider
};

/// What a client reaches, whichever node is up.
struct front {
  order::order_actor orders;
  inventory::inventory_actor stock;
  catalog::catalog_actor products;
  idempotency::idempotency_actor keys;
  pause::pause_actor pauses;
  dead_letter::directory_actor directory;
  dead_letter::dead_letter_actor letters;
  dead_letter::job::job_actor jobs;
};

/// A node's actors: supervisors/topology.hpp over a store and an HTTP client. It must outlive `world`'s last step.
class node {
public:
  static constexpr std::size_t outlets = 4; // actors of that name

  node(world& w, auditor& audit, std::shared_ptr<journal::store_factory> stores, clients out, const node_options& setup,
       const node_faults& faults, bug planted);

  /// By name and context.
  static std::vector<std::pair<std::string, std::string>> outlets_of_contexts() {
    return {{"email", "order"}, {"copy", "order"}, {"letters", "notification"}, {"reviews", "order"}};
  }

  front reach() const { return front_; }

  void start();

  /// Everything dies at once, and what was not synced is lost. `start` again after that.
  void crash(simulated::disk& disk);
  bool is_up() const { return up_; }

  /// Everything dies at once; what the store has is not touched. `start` again after that.
  void end_all();
  std::uint64_t boots() const { return boots_; }

  /// Every supervisor and child of the tree, by path; the node's own comes first.
  std::vector<std::string> paths() const;

  /// Who is at this path now; null while nobody is.
  caf::strong_actor_ptr find(std::string_view path) const;

  /// Starts the node again when `died` was the top of its tree; everything below has its supervisor.
  void on_death(caf::actor_id died);

private:
  enum part : std::size_t {
    journal_part,
    inventories,
    products,
    keys,
    orders,
    pauses,
    directory,
    letters,
    jobs,
    part_count
  };

  void end_and_start();
  void begin();
  entity::environment environment() const;
  topology_settings describe();
  payment::provider_actor guarded(const payment::provider_actor& adapter);
  resilience::observer observe_guard(const std::string& name);
  notification::dependencies notification_dependencies();
  void collect(const supervision::group& from, const std::string& path);
  std::map<std::string, notification::mailer_actor> add_mailers(supervision::group& to);
  std::vector<outlet::definition> add_outlets(supervision::group& to, const topology& made);
  order::dependencies order_dependencies() const;
  template <class Handle> Handle over_wire(const Handle& behind, bool doubles_requests);
  template <class Handle> Handle behind_disk(const Handle& x);

  world& world_;
  auditor& audit_;
  std::shared_ptr<journal::store_factory> stores_;
  clients out_;
  node_options options_;
  clock_fn now_;
  node_faults faults_;
  bug planted_;
  time_point made_at_;
  random_source random_;
  std::array<place, part_count> places_; // what clients hold survives the node, as an address does
  front front_;
  caf::actor root_;
  std::vector<std::pair<std::string, caf::strong_actor_ptr>> tree_; // paths and handles, without the top
  pause::registry_ptr paused_;
  dead_letter::dead_letter_actor letters_; // of the present node
  std::uint64_t boots_ = 0;
  bool up_ = false;
};

} // namespace troupe::simulation
