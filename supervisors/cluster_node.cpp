#include "supervisors/cluster_node.hpp"

#include "adapters/postgres/leases.hpp"
#include "supervisors/cluster/mesh.hpp"
#include "supervisors/observability/cluster_watch.hpp"
#include "supervisors/observability/log.hpp"

#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/publish.hpp>
#include <caf/scoped_actor.hpp>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

constexpr duration connect_within{1'500};

cluster::boot_time boot_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return cluster::boot_time{duration{static_cast<duration::rep>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000}};
}

/// Whether somebody listens there: zero, or the errno of the last address that was tried.
int probe(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0)
    return EADDRNOTAVAIL;
  int why = EADDRNOTAVAIL;
  for (const auto* x = found; x && why != 0; x = x->ai_next) {
    const int fd = ::socket(x->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
      continue;
    why = ::connect(fd, x->ai_addr, x->ai_addrlen) == 0 ? 0 : errno;
    if (why == EINPROGRESS) {
      pollfd waits{fd, POLLOUT, 0};
      socklen_t size = sizeof why;
      if (::poll(&waits, 1, static_cast<int>(connect_within.count())) <= 0)
        why = ETIMEDOUT;
      else
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size);
    }
    ::close(fd);
  }
  ::freeaddrinfo(found);
  return why;
}

/// CAF's own connect holds up all others while it waits, so it is only asked when somebody surely listens. Each try has
/// a thread of its own until then.
cluster::connect_fn connector(caf::actor_system& system) {
  return [&system](const std::string& host, std::uint16_t port, std::function<void(cluster::contact)> told) {
    system.spawn<caf::detached>([host, port, told = std::move(told)](caf::event_based_actor* self) {
      if (const int why = probe(host, port); why != 0) {
        told({nullptr, why == ECONNREFUSED, std::strerror(why)});
        self->quit();
        return;
      }
      self
        ->request(self->system().openssl_manager().actor_handle(),
                  std::chrono::milliseconds{connect_within.count() * 2}, caf::connect_atom_v, host, port)
        .then(
          [told](const caf::node_id&, const caf::strong_actor_ptr& door, const std::set<std::string>&) {
            told({caf::actor_cast<caf::actor>(door), false, door ? "" : "nobody is at the door"});
          },
          [told](const caf::error& why) {
            told({nullptr, false, to_string(why)});
          });
    });
  };
}

cluster::probe_fn prober(caf::actor_system& system) {
  return [&system](const std::string& host, std::uint16_t port, std::function<void(bool)> told) {
    system.spawn<caf::detached>([host, port, told = std::move(told)](caf::event_based_actor* self) {
      told(probe(host, port) == ECONNREFUSED);
      self->quit();
    });
  };
}

std::string host_of(const cluster_settings& x) {
  return x.address.find(':') == std::string::npos ? x.address : '[' + x.address + ']';
}

} // namespace

void load_cluster(caf::actor_system_config& config, const cluster_settings& x) {
  if (!x.enabled)
    return;
  config.load<caf::io::middleman>(); // Each brings the options that are set below.
  config.load<caf::openssl::manager>();
  config.set("caf.openssl.certificate", x.certificate);
  config.set("caf.openssl.key", x.key);
  config.set("caf.openssl.cafile", x.ca);
  config.set("caf.middleman.enable-automatic-connections", false);
  config.set("caf.middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
  config.set("caf.middleman.connection-timeout", caf::timespan{std::chrono::seconds{2}});
  config.set("caf.middleman.app-identifiers",
             std::vector<std::string>{"troupe/" + std::to_string(cluster_protocol),
                                      "troupe/" + std::to_string(cluster_protocol - 1)});
}

cluster_node::cluster_node(std::string name, cluster_settings settings, postgres::options store, clock_fn now)
  : name_(std::move(name)), settings_(std::move(settings)), store_(std::move(store)), now_(std::move(now)),
    assembly_(std::make_shared<cluster::assembly>()) {
  assembly_->self = name_;
  assembly_->held = entity::held_shards::of_member([] { return boot_now().time_since_epoch().count(); });
  assembly_->now = now_;
}

void cluster_node::add_parts(caf::actor_system& system, topology& made, const supervision::limits& restarts) {
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
  mesh.connect = connector(system);
  mesh.probe = prober(system);
  mesh.member = member_;
  mesh.our_door = [of = handles_] { return of->door; };
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
  made.root.add(std::move(parts));

  // Not a child of the tree: whoever has its handle from another node would hold a dead one after a restart.
  handles_->door = system.spawn<cluster::door_impl>(
    about_us, assembly_->regions, now_, [member = member_](const cluster::news& x) { caf::anon_send(member, x); },
    [peers](const cluster::arrived& x) { caf::anon_send(peers, x); });
  const auto opened = caf::openssl::publish(handles_->door, settings_.port, settings_.address.c_str(), true);
  if (!opened)
    throw std::runtime_error{"cannot listen for other nodes at " + host_of(settings_) + ":"
                             + std::to_string(settings_.port) + " (" + to_string(opened.error())
                             + "); end what does, choose another cluster.port, or mend cluster.tls"};
  port_ = *opened;
  with->self.address =
    settings_.advertise.empty() ? host_of(settings_) + ":" + std::to_string(port_) : settings_.advertise;
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
  caf::scoped_actor self{system};
  self // caf::openssl::unpublish does not compile in this release of CAF.
    ->request(system.openssl_manager().actor_handle(), caf::infinite, caf::unpublish_atom_v, door.address(), port_)
    .receive([] {}, [](const caf::error&) {});
  self->send_exit(door, caf::exit_reason::user_shutdown);
  self->wait_for(door);
  member_ = nullptr;
}

} // namespace troupe
