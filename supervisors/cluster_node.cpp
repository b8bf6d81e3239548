#include "supervisors/cluster_node.hpp"

#include "adapters/postgres/leases.hpp"
#include "supervisors/cluster/credential_watch.hpp"
#include "supervisors/cluster/mesh.hpp"
#include "supervisors/observability/cluster_watch.hpp"
#include "supervisors/observability/log.hpp"

#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

cluster::boot_time boot_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return cluster::boot_time{duration{static_cast<duration::rep>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000}};
}

bool is_everywhere(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

/// Counts them all, and names one a minute: whoever knocks must not fill the log.
cluster::turned_away_fn telling_of_strangers(caf::actor_system& system) {
  struct last {
    std::optional<std::chrono::steady_clock::time_point> named;
  };
  auto* count = system.metrics().counter_singleton(
    "troupe", "cluster_turned_away", "Connections of whoever had no certificate of the cluster.", "1", true);
  return [count, before = std::make_shared<last>()](const std::string& address, const std::string& why) {
    count->inc();
    const auto now = std::chrono::steady_clock::now();
    if (before->named && now - *before->named < std::chrono::minutes{1})
      return;
    before->named = now;
    log::warn("Somebody without a certificate of the cluster was turned away", {{"address", address}, {"reason", why}});
  };
}

std::string host_of(const cluster_settings& x) {
  return x.address.find(':') == std::string::npos ? x.address : '[' + x.address + ']';
}

} // namespace

void load_cluster(caf::actor_system_config& config, const cluster_settings& x) {
  if (!x.enabled)
    return;
  std::signal(SIGPIPE, SIG_IGN);     // OpenSSL would raise it where a peer is gone.
  config.load<caf::io::middleman>(); // It brings the options that are set below.
  config.set("caf.middleman.enable-automatic-connections", false);
  config.set("caf.middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
  config.set("caf.middleman.connection-timeout", caf::timespan{cluster::links::silent_max});
  config.set("caf.middleman.app-identifiers",
             std::vector<std::string>{"troupe/" + std::to_string(cluster_protocol),
                                      "troupe/" + std::to_string(cluster_protocol - 1)});
}

cluster_node::cluster_node(std::string name, cluster_settings settings, postgres::options store, clock_fn now)
  : name_(std::move(name)), settings_(std::move(settings)), store_(std::move(store)), now_(std::move(now)),
    assembly_(std::make_shared<cluster::assembly>()),
    shown_(std::make_shared<cluster::credentials>(
      cluster::credential_files{settings_.certificate, settings_.key, settings_.ca}, now_())),
    find_(cluster::make_find(settings_.discovery)) {
  assembly_->self = name_;
  assembly_->held = entity::held_shards::of_member([] { return boot_now().time_since_epoch().count(); });
  assembly_->now = now_;
}

void cluster_node::add_parts(caf::actor_system& system, topology& made, const supervision::limits& restarts) {
  links_.emplace(system, shown_, telling_of_strangers(system));
  const auto incarnation = std::make_shared<std::atomic<std::uint64_t>>(0);
  const auto about_us = [name = name_, incarnation] { return cluster::hello{name, *incarnation, cluster_protocol}; };

  supervision::group parts{system, "cluster", supervision::strategy::one_for_one, restarts};
  const auto keeper = parts.add<cluster::keeper_actor>("leases", [store = store_](const supervision::place& where) {
    return where.run<cluster::keeper_actor, caf::detached>(cluster::make_keeper,
                                                           [store] { return postgres::open_leases(store); });
  });
  const auto with = std::make_shared<cluster::member_settings>(describe_member());
  cluster::member_dependencies deps{
    keeper, assembly_->journal, assembly_->held, boot_now, assembly_->parts, assembly_->routers, {}, {}, {}};
  deps.mesh = [of = handles_] { return of->mesh; };
  deps.joined = [incarnation](std::uint64_t x) { *incarnation = x; };
  deps.told = [](const std::string& what, const std::string& detail) {
    log::info("Cluster: " + what, {{"detail", detail}});
  };
  member_ = parts.add<caf::actor>("member", [with, deps](const supervision::place& where) -> caf::actor {
    return where.spawn<cluster::member_impl>(*with, deps);
  });
  assembly_->regions->emplace(caf::type_id_v<cluster::drain_node>, member_);
  assembly_->member = [weak = caf::actor_cast<caf::weak_actor_ptr>(member_)] {
    return caf::actor_cast<caf::actor>(weak.lock());
  };
  cluster::mesh_settings mesh;
  mesh.about_us = about_us;
  const auto places = [find = find_](const cluster::node_record& whom) {
    return cluster::places_of(whom, find, [](const std::string& node, const caf::error& why) {
      log::warn("Discovery does not find a node", {{"peer", node}, {"reason", to_string(why)}});
    });
  };
  mesh.connect = [by = *links_, places](const cluster::node_record& whom, std::function<void(cluster::contact)> told) {
    by.connect(places(whom), std::move(told));
  };
  mesh.probe = [by = *links_, places](const cluster::node_record& whom, std::function<void(bool)> told) {
    by.look(places(whom), std::move(told));
  };
  mesh.member = member_;
  mesh.our_door = [of = handles_] { return of->door; };
  mesh.others = [who = passing_on_](const cluster::reachable_nodes& x) {
    for (const auto& one : who)
      caf::anon_send(one, x);
  };
  mesh.told = [](const std::string& peer, bool up, const std::string& why) {
    if (up)
      log::info("Connected with a node", {{"peer", peer}});
    else
      log::warn("A node cannot be reached", {{"peer", peer}, {"reason", why}});
  };
  const auto peers = parts.add<caf::actor>(
    "mesh", [mesh](const supervision::place& where) -> caf::actor { return where.spawn<cluster::mesh_impl>(mesh); });
  handles_->mesh = peers;
  parts.add<caf::actor>("metrics", [member = member_](const supervision::place& where) -> caf::actor {
    return where.spawn<cluster_watch_impl>(member);
  });
  certificates_ =
    parts.add<caf::actor>("certificates", [shown = shown_, now = now_](const supervision::place& where) -> caf::actor {
      return where.spawn<cluster::credential_watch_impl, caf::detached>(shown, now);
    });
  made.root.add(std::move(parts));

  // Not a child of the tree: whoever has its handle from another node would hold a dead one after a restart.
  handles_->door = system.spawn<cluster::door_impl>(
    about_us, assembly_->regions, lent_, now_,
    [member = member_](const cluster::news& x) { caf::anon_send(member, x); },
    [peers](const cluster::arrived& x) { caf::anon_send(peers, x); });
  const auto opened = links_->open(handles_->door, settings_.port, settings_.address);
  if (!opened)
    throw std::runtime_error{"cannot listen for other nodes at " + host_of(settings_) + ":"
                             + std::to_string(settings_.port) + " (" + to_string(opened.error())
                             + "); end what does, or choose another cluster.port"};
  port_ = *opened;
  with->self.address = settings_.advertise;
  if (settings_.advertise.empty() && !is_everywhere(settings_.address))
    with->self.address = host_of(settings_) + ":" + std::to_string(port_);
}

const cluster::label* cluster_node::placement_of(const std::string& name) const {
  const auto found = settings_.placement.find(name.substr(0, name.find('.')));
  return found == settings_.placement.end() ? nullptr : &found->second;
}

caf::actor cluster_node::pass_on(supervision::group& to, const std::string& name, const cluster::label& wanted) {
  passing_on_.push_back(to.add<caf::actor>(name.substr(name.find('.') + 1),
                                           [name, wanted, now = now_](const supervision::place& where) -> caf::actor {
                                             return where.spawn<cluster::placed_impl>(name, wanted, now);
                                           }));
  return passing_on_.back();
}

// Not a child of the tree, as the door.
void cluster_node::lend(caf::actor_system& system, const std::string& name, const caf::actor& adapter) {
  lent_->emplace(name, system.spawn<cluster::porch_impl>(adapter, now_));
}

cluster::member_settings cluster_node::describe_member() const {
  cluster::member_settings with;
  with.self.name = name_;
  with.self.roles = settings_.roles;
  with.self.labels = settings_.labels;
  with.self.weight = settings_.weight;
  with.self.version = TROUPE_VERSION;
  with.self.protocol = cluster_protocol;
  with.lease = settings_.lease;
  with.renewal = settings_.renewal;
  with.limits.moves_at_once = settings_.moves_at_once;
  return with;
}

bool cluster_node::drain(caf::actor_system& system) {
  if (!member_)
    return true;
  bool whole = false;
  caf::scoped_actor self{system};
  self->request(member_, std::chrono::milliseconds{settings_.drain.count()}, cluster::drain{})
    .receive([&] { whole = true; },
             [](const caf::error& why) {
               log::warn("Shards could not be handed over in time; their leases end by themselves",
                         {{"reason", to_string(why)}});
             });
  return whole;
}

void cluster_node::close(caf::actor_system& system) {
  auto door = std::exchange(handles_->door, {});
  handles_->mesh = {};
  if (!door)
    return;
  links_->close(door, port_);
  caf::scoped_actor self{system};
  self->send_exit(door, caf::exit_reason::user_shutdown);
  self->wait_for(door);
  for (const auto& [name, porch] : *lent_)
    self->send_exit(porch, caf::exit_reason::user_shutdown);
  lent_->clear();
  passing_on_.clear();
  member_ = nullptr;
  certificates_ = nullptr;
}

void cluster_node::renew_certificate() {
  if (certificates_)
    caf::anon_send(certificates_, caf::update_atom_v);
}

} // namespace troupe
