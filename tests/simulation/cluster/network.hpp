// tests/simulation/cluster/network.hpp: the wires between nodes, as CAF's connections behave over a network that fails.
#pragma once

#include "supervisors/cluster/mesh.hpp"
#include "tests/simulation/world.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::simulation {

struct network_faults {
  duration latency_max{20}; // of a message, mostly
  double slow = 0;          // of a message: takes up to `slow_max`, and those behind it wait
  duration slow_max{800};
  double reset = 0;     // of a connection, in half a second
  double news_lost = 0; // of a message that nobody answers
  double news_doubled = 0;
};

/// Connects nodes. A connection keeps its messages in order, and loses none as long as it lives; while the network is
/// cut, they wait, and whoever hears nothing for two seconds takes the connection for lost. What was under way then is
/// lost, and nobody is told but by the end of the other's door: requests that wait for an answer go on waiting.
///
/// Whatever crosses a wire is serialized on the way.
class network {
public:
  network(world& w, const network_faults& faults, std::function<void(std::string)> failed);
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  // ---- of a node, by its name, which is its host

  /// The node's process listens.
  void open(const std::string& name, group of, const caf::actor& door);

  /// The process is gone: connections to it end, and it refuses new ones.
  void close(const std::string& name);

  /// What a mesh asks for.
  cluster::connect_fn connector(const std::string& from);
  cluster::probe_fn prober(const std::string& from);

  // ---- mishaps

  void set_paused(const std::string& name, bool paused);

  /// Nothing gets from one node to the other, until it is `heal`ed.
  void cut(const std::string& from, const std::string& to);
  void heal(const std::string& from, const std::string& to);
  void heal_all();
  bool is_cut(const std::string& from, const std::string& to) const { return cuts_.contains({from, to}); }

  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

private:
  friend class door_wire;
  friend class answer_wire;

  struct host {
    group of = 0;
    caf::actor door;
    bool paused = false;
    std::uint64_t process = 0; // counts
  };

  /// A connection; of two ends, 0 is the one that connected.
  struct link {
    std::array<std::string, 2> hosts;
    std::array<caf::actor, 2> wires;            // what each end has of the other's door
    std::array<caf::strong_actor_ptr, 2> doors; // each end's own
    std::array<bool, 2> up{true, true};
    std::array<duration, 2> last_due{};                     // of what each end has sent
    std::array<duration, 2> heard_at{};                     // by each end
    std::array<std::vector<std::function<void()>>, 2> held; // of what each end has sent, while the network is cut
  };
  using link_ptr = std::shared_ptr<link>;

  void send(const link_ptr& on, std::size_t from, std::function<void()> arrive);
  void transmit(const link_ptr& on, std::size_t from, caf::mailbox_element_ptr x);
  void answer(const link_ptr& on, std::size_t from, const caf::strong_actor_ptr& to, caf::message_id mid,
              const caf::message& x);
  void drop(const link_ptr& on, std::size_t end);
  void finish(const link_ptr& on, std::size_t end);
  void beat(const link_ptr& on);
  caf::actor connect(const std::string& from, const std::string& to);
  caf::actor make_wire(const link_ptr& on, std::size_t end);
  caf::message carried(const caf::message& x);
  duration latency();

  world& world_;
  network_faults faults_;
  std::function<void(std::string)> failed_;
  random_source random_;
  std::map<std::string, host> hosts_;
  std::vector<link_ptr> links_;
  std::set<std::pair<std::string, std::string>> cuts_; // from, to
  std::uint64_t processes_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace troupe::simulation
