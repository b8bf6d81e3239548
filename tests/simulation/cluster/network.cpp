#include "tests/simulation/cluster/network.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/byte_buffer.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <algorithm>

namespace troupe::simulation {

namespace {

constexpr duration heartbeat{500};
constexpr duration silence_max{2'000}; // as supervisors/cluster_node.cpp has it
constexpr duration connect_within{1'500};

/// Addresses of simulated nodes are their names.
std::string host_of(const cluster::node_record& x) {
  return x.address.substr(0, x.address.rfind(':'));
}

} // namespace

/// The other node's door, for whoever is connected with it.
class door_wire : public caf::monitorable_actor {
public:
  door_wire(caf::actor_config& config, network& over, std::weak_ptr<network::link> on, std::size_t end)
    : caf::monitorable_actor(config), over_(over), on_(std::move(on)), end_(end) {}

  // As CAF does: what is sent after the connection was lost is lost, too, and nobody says so.
  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    const auto on = on_.lock();
    if (!on || !on->up[end_])
      return false;
    over_.transmit(on, end_, std::move(x));
    return true;
  }

  void setup_metrics() {}

private:
  network& over_;
  std::weak_ptr<network::link> on_;
  std::size_t end_;
};

/// Whoever has asked over a wire, for whoever answers.
class answer_wire : public caf::monitorable_actor {
public:
  answer_wire(caf::actor_config& config, network& over, std::weak_ptr<network::link> on, std::size_t end,
              caf::strong_actor_ptr to)
    : caf::monitorable_actor(config), over_(over), on_(std::move(on)), end_(end), to_(std::move(to)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    const auto on = on_.lock();
    if (!on || !on->up[end_])
      return false;
    over_.answer(on, end_, to_, x->mid, x->payload);
    return true;
  }

  void setup_metrics() {}

private:
  network& over_;
  std::weak_ptr<network::link> on_;
  std::size_t end_; // of whoever answers
  caf::strong_actor_ptr to_;
};

network::network(world& w, const network_faults& faults, std::function<void(std::string)> failed)
  : world_(w), faults_(faults), failed_(std::move(failed)), random_(w.random().fork()) {}

network::~network() {
  for (const auto& x : links_)
    x->up = {false, false};
}

void network::open(const std::string& name, group of, const caf::actor& door) {
  hosts_[name] = {of, door, false, ++processes_};
}

void network::close(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end())
    return;
  hosts_.erase(found);
  for (const auto& x : links_)
    for (const std::size_t end : {0u, 1u})
      if (x->hosts[end] == name && x->up[end]) {
        finish(x, end);
        x->up[end] = false; // Nobody is left there who could be told.
      }
}

void network::set_paused(const std::string& name, bool paused) {
  if (const auto found = hosts_.find(name); found != hosts_.end())
    found->second.paused = paused;
}

void network::cut(const std::string& from, const std::string& to) {
  cuts_.emplace(from, to);
}

void network::heal(const std::string& from, const std::string& to) {
  cuts_.erase({from, to});
  for (const auto& x : links_)
    for (const std::size_t end : {0u, 1u})
      if (x->hosts[end] == from && x->hosts[1 - end] == to)
        for (auto& arrive : std::exchange(x->held[end], {}))
          arrive();
}

void network::heal_all() {
  for (const auto& [from, to] : std::set{cuts_})
    heal(from, to);
}

duration network::latency() {
  const bool slow = world_.faults_on() && random_.chance(faults_.slow);
  if (slow)
    world_.mishap("wire: slow");
  return random_.between(duration{0}, slow ? faults_.slow_max : faults_.latency_max);
}

void network::send(const link_ptr& on, std::size_t from, std::function<void()> arrive) {
  const auto due = std::max(world_.elapsed() + latency(), on->last_due[from]);
  on->last_due[from] = due;
  world_.after(due - world_.elapsed(), [this, on, from, arrive = std::move(arrive)] {
    if (!on->held[from].empty() || is_cut(on->hosts[from], on->hosts[1 - from]))
      on->held[from].push_back(arrive);
    else
      arrive();
  });
}

caf::message network::carried(const caf::message& x) {
  caf::byte_buffer buffer;
  caf::binary_serializer sink{world_.system(), buffer};
  if (!sink.apply(x)) {
    failed_("a message cannot be sent to another node: " + to_string(sink.get_error()) + ' ' + to_string(x));
    return x;
  }
  ++messages_;
  bytes_ += buffer.size();
  caf::binary_deserializer source{world_.system(), buffer};
  caf::message result;
  if (!source.apply(result))
    failed_("a message of another node cannot be read: " + to_string(source.get_error()) + ' ' + to_string(x));
  return result;
}

void network::transmit(const link_ptr& on, std::size_t from, caf::mailbox_element_ptr x) {
  // A handle in a message is that of a door, and leads back over this connection.
  const bool greets = x->payload.match_elements<cluster::hello, caf::actor>();
  const auto payload =
    greets ? caf::make_message(x->payload.get_as<cluster::hello>(0), on->wires[1 - from]) : carried(x->payload);
  caf::strong_actor_ptr sender;
  if (x->mid.is_request() && x->sender) {
    auto& system = world_.system();
    caf::actor_config config{system.dummy_execution_unit()};
    sender = caf::make_actor<answer_wire, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config,
                                                                 *this, on, 1 - from, x->sender);
  }
  std::size_t copies = 1;
  if (!x->mid.is_request() && world_.faults_on() && x->payload.match_elements<cluster::news>()) {
    copies = random_.chance(faults_.news_lost) ? 0 : random_.chance(faults_.news_doubled) ? 2 : 1;
    if (copies != 1)
      world_.mishap(copies == 0 ? "news lost" : "news doubled");
  }
  for (; copies > 0; --copies)
    send(on, from, [on, from, sender, mid = x->mid, payload] {
      if (on->up[1 - from])
        on->doors[1 - from]->enqueue(caf::make_mailbox_element(sender, mid, {}, payload), nullptr);
    });
}

void network::answer(const link_ptr& on, std::size_t from, const caf::strong_actor_ptr& to, caf::message_id mid,
                     const caf::message& x) {
  send(on, from, [on, from, to, mid, payload = carried(x)] {
    if (on->up[1 - from])
      to->enqueue(caf::make_mailbox_element(nullptr, mid, {}, payload), nullptr);
  });
}

void network::drop(const link_ptr& on, std::size_t end) {
  if (!std::exchange(on->up[end], false))
    return;
  world_.note(on->hosts[end] + " has lost " + on->hosts[1 - end]);
  static_cast<caf::monitorable_actor*>(caf::actor_cast<caf::abstract_actor*>(on->wires[end]))
    ->cleanup(caf::make_error(caf::exit_reason::remote_link_unreachable), nullptr);
}

/// Tells the other end that this one ends.
void network::finish(const link_ptr& on, std::size_t end) {
  send(on, end, [this, on, end] { drop(on, 1 - end); });
}

void network::beat(const link_ptr& on) {
  if (!on->up[0] && !on->up[1]) {
    std::erase(links_, on);
    return;
  }
  const auto now = world_.elapsed();
  const auto is_awake = [this](const std::string& name) {
    const auto found = hosts_.find(name);
    return found != hosts_.end() && !found->second.paused;
  };
  for (const std::size_t end : {0u, 1u}) {
    if (!on->up[end])
      continue;
    const auto& other = on->hosts[1 - end];
    const bool hears = on->up[1 - end] && is_awake(other) && !is_cut(other, on->hosts[end]);
    // Who sleeps counts nothing, and reads what has arrived before it looks at its clock.
    if (hears || !is_awake(on->hosts[end]))
      on->heard_at[end] = now;
    if (now - on->heard_at[end] >= silence_max) {
      world_.mishap("connection silent");
      finish(on, end);
      drop(on, end);
    }
  }
  if (on->up[0] && on->up[1] && world_.faults_on() && random_.chance(faults_.reset)) {
    world_.mishap("connection reset");
    const auto end = random_.below(2);
    finish(on, end);
    drop(on, end);
  }
  world_.after(heartbeat, [this, on] { beat(on); });
}

caf::actor network::make_wire(const link_ptr& on, std::size_t end) {
  auto& system = world_.system();
  caf::actor_config config{system.dummy_execution_unit()};
  return caf::make_actor<door_wire, caf::actor>(system.next_actor_id(), system.node(), &system, config, *this, on, end);
}

caf::actor network::connect(const std::string& from, const std::string& to) {
  const auto left = hosts_.find(from);
  const auto right = hosts_.find(to);
  if (left == hosts_.end() || right == hosts_.end())
    return {};
  for (const auto& x : links_) // CAF has one connection between two nodes.
    for (const std::size_t end : {0u, 1u})
      if (x->hosts[end] == from && x->hosts[1 - end] == to && x->up[0] && x->up[1])
        return x->wires[end];
  const auto made = std::make_shared<link>();
  made->hosts = {from, to};
  made->doors = {caf::actor_cast<caf::strong_actor_ptr>(left->second.door),
                 caf::actor_cast<caf::strong_actor_ptr>(right->second.door)};
  made->wires = {make_wire(made, 0), make_wire(made, 1)};
  made->heard_at = {world_.elapsed(), world_.elapsed()};
  links_.push_back(made);
  world_.after(heartbeat, [this, made] { beat(made); });
  return made->wires[0];
}

cluster::connect_fn network::connector(const std::string& from) {
  return [this, from](const cluster::node_record& whom, const std::function<void(cluster::contact)>& told) {
    const auto host = host_of(whom);
    const auto process = hosts_.contains(from) ? hosts_.at(from).process : 0;
    const auto later = [this, from, process](duration delay, std::function<void()> what) {
      world_.after(delay, [this, from, process, what = std::move(what)] {
        if (const auto found = hosts_.find(from); found != hosts_.end() && found->second.process == process)
          what();
      });
    };
    later(latency(), [this, from, host, told, later] {
      if (is_cut(from, host) || is_cut(host, from)) {
        world_.mishap("connecting timed out");
        return later(connect_within, [told] { told({nullptr, false, "timed out"}); });
      }
      const auto found = hosts_.find(host);
      if (found == hosts_.end())
        return told({nullptr, true, "refused"});
      if (found->second.paused) // The system takes the connection, and nobody says a word.
        return later(2 * connect_within, [told] { told({nullptr, false, "no handshake"}); });
      told({connect(from, host), false, {}});
    });
  };
}

cluster::probe_fn network::prober(const std::string& from) {
  return [this, from](const cluster::node_record& whom, const std::function<void(bool)>& told) {
    const auto host = host_of(whom);
    world_.after(latency(), [this, from, host, told] {
      const bool silent = is_cut(from, host) || is_cut(host, from);
      told(!silent && !hosts_.contains(host));
    });
  };
}

} // namespace troupe::simulation
