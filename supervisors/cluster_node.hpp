// supervisors/cluster_node.hpp: makes a node a member of its cluster.
#pragma once

#include "actors/cluster/membership.hpp"
#include "adapters/postgres/store.hpp"
#include "supervisors/cluster/links.hpp"
#include "supervisors/cluster/member.hpp"
#include "supervisors/cluster/placement.hpp"
#include "supervisors/cluster/whereabouts.hpp"
#include "supervisors/topology.hpp"

#include <caf/actor_system_config.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Of the messages between nodes. A node talks with those of the same and of the one before.
inline constexpr std::uint32_t cluster_protocol = 1;

struct cluster_settings {
  bool enabled = false;
  std::string address = "0.0.0.0";
  std::uint16_t port = 9100;           // 0: the system chooses
  std::string advertise;               // "host:port"; address and port when empty
  cluster::role_set roles{true, true}; // without gateway there is no commerce port
  std::map<std::string, std::string> labels{};
  std::uint32_t weight = 100;
  duration lease = cluster::default_lease;
  duration renewal = cluster::default_renewal;
  std::uint32_t moves_at_once = 32;
  duration drain{30'000};
  std::string certificate; // PEM files
  std::string key;
  std::string ca;
  cluster::discovery_settings discovery{};
  std::map<std::string, cluster::label> placement{}; // "payment", "email": only nodes with the label call such services
};

/// Before the actor system is made: what nodes talk by.
void load_cluster(caf::actor_system_config& config, const cluster_settings& x);

/// A node's part in the cluster.
class cluster_node {
public:
  /// Throws std::runtime_error, naming the file, when the certificate cannot be used.
  cluster_node(std::string name, cluster_settings settings, postgres::options store, clock_fn now);

  /// For topology_settings::member.
  const std::shared_ptr<cluster::assembly>& assembly() const { return assembly_; }

  /// What takes the calls of an outside service: the adapter of `make`, which other nodes may then use as well, or, if
  /// this node has not got the label that they are placed by, who passes them on. `name` is "payment.stripe". Before
  /// add_parts.
  template <class Handle, class Make>
  Handle placed(caf::actor_system& system, supervision::group& to, const std::string& name, Make make) {
    const auto* wanted = placement_of(name);
    if (wanted && !cluster::has_label(settings_.labels, *wanted))
      return caf::actor_cast<Handle>(pass_on(to, name, *wanted));
    Handle adapter = make();
    if (wanted)
      lend(system, name, caf::actor_cast<caf::actor>(adapter));
    return adapter;
  }

  /// Opens the door and adds its actors. Throws std::runtime_error, with a text that says what to do, when the door
  /// cannot be opened.
  void add_parts(caf::actor_system& system, topology& made, const supervision::limits& restarts);

  /// Looks at once whether the files of the certificate have changed, and uses them if they are good.
  void renew_certificate();

  const caf::actor& member() const { return member_; }
  std::uint16_t port() const { return port_; }

  /// Hands all shards over, as far as that goes within `settings.drain`; whether all were.
  bool drain(caf::actor_system& system);

  /// Lets nobody in any more.
  void close(caf::actor_system& system);

private:
  const cluster::label* placement_of(const std::string& name) const;
  caf::actor pass_on(supervision::group& to, const std::string& name, const cluster::label& wanted);
  void lend(caf::actor_system& system, const std::string& name, const caf::actor& adapter);
  cluster::member_settings describe_member() const;

  std::string name_;
  cluster_settings settings_;
  postgres::options store_;
  clock_fn now_;
  std::shared_ptr<cluster::assembly> assembly_;
  /// Set before the tree begins, and emptied after its end.
  struct handles {
    caf::actor door;
    caf::actor mesh;
  };
  std::shared_ptr<handles> handles_ = std::make_shared<handles>();
  std::shared_ptr<cluster::credentials> shown_;
  cluster::find_fn find_;
  std::optional<cluster::links> links_;
  std::shared_ptr<cluster::port_table> lent_ = std::make_shared<cluster::port_table>();
  std::vector<caf::actor> passing_on_;
  caf::actor certificates_;
  caf::actor member_;
  std::uint16_t port_ = 0;
};

/// cluster_node::placed, or, on a node that is alone, the adapter itself.
template <class Handle, class Make>
Handle placed(std::optional<cluster_node>& by, caf::actor_system& system, supervision::group& to,
              const std::string& name, Make make) {
  return by ? by->placed<Handle>(system, to, name, std::move(make)) : make();
}

} // namespace troupe
