#include "tests/simulation/cluster/member_part.hpp"

#include "actors/entity/store_actors.hpp"
#include "supervisors/cluster/door.hpp"
#include "supervisors/cluster/keeper.hpp"
#include "supervisors/cluster/mesh.hpp"

#include <caf/send.hpp>

#include <cmath>
#include <utility>

namespace troupe::simulation {

namespace {

constexpr std::uint32_t protocol = 1;

} // namespace

member_part::member_part(world& w, network& over, std::shared_ptr<journal::store_factory> stores,
                         std::shared_ptr<simulated::lease_table> leases, member_plan with)
  : world_(w), network_(over), stores_(std::move(stores)), leases_(std::move(leases)), with_(std::move(with)) {
  with_.settings.self.name = with_.name;
  with_.settings.self.address = with_.name + ":9100";
  with_.settings.self.protocol = protocol;
}

std::shared_ptr<const membership> member_part::seat() {
  membership x;
  x.name = with_.name;
  x.of = with_.of;
  x.now = [this] { return wall(); };
  x.describe = [this](topology_settings& with) { describe(with); };
  x.complete = [this](topology& made) { complete(made); };
  x.ended = [this] {
    network_.close(with_.name);
    member_ = nullptr;
    handles_.reset();
    held_ = entity::held_shards::of_member([] { return std::int64_t{0}; });
  };
  return std::make_shared<const membership>(std::move(x));
}

time_point member_part::wall() const {
  return world_.true_time() + with_.clocks.wall_step;
}

cluster::boot_time member_part::boot() const {
  if (with_.planted == bug::lease_by_wall_clock)
    return cluster::boot_time{std::chrono::duration_cast<duration>(wall().time_since_epoch())};
  const auto passed = std::llround(with_.clocks.rate * static_cast<double>(world_.elapsed().count()));
  return cluster::boot_time{with_.clocks.booted + duration{passed}};
}

void member_part::describe(topology_settings& with) {
  assembly_ = std::make_shared<cluster::assembly>();
  assembly_->self = with_.name;
  assembly_->held = held_ = entity::held_shards::of_member([this] { return boot().time_since_epoch().count(); });
  assembly_->now = [this] { return wall(); };
  with.member = assembly_;
  auto& system = world_.system();
  with.writer_for_journal = [this, &system](const journal::writer_actor&) {
    return caf::actor_cast<journal::writer_actor>(
      make_store_link(world_, "writer", with_.link, weather_, [this, &system] {
        return caf::actor_cast<caf::strong_actor_ptr>(world_.outside(system.spawn(journal::make_writer, stores_)));
      }));
  };
  with.reader_for_journal = [this, &system](const journal::reader_actor&) {
    return caf::actor_cast<journal::reader_actor>(
      make_store_link(world_, "reader", with_.link, weather_, [this, &system] {
        return caf::actor_cast<caf::strong_actor_ptr>(world_.outside(system.spawn(journal::make_reader, stores_)));
      }));
  };
}

void member_part::complete(topology& made) {
  auto& system = world_.system();
  const auto incarnation = std::make_shared<std::uint64_t>(0);
  const auto about_us = [name = with_.name, incarnation] { return cluster::hello{name, *incarnation, protocol}; };
  const auto known = handles_ = std::make_shared<handles>();

  supervision::group parts{system, "cluster", supervision::strategy::one_for_one};
  const auto open = [leases = leases_, name = with_.name]() -> caf::expected<std::unique_ptr<cluster::lease_store>> {
    return std::unique_ptr<cluster::lease_store>{std::make_unique<simulated::lease_connection>(leases, name)};
  };
  const auto keeper = caf::actor_cast<cluster::keeper_actor>(
    make_store_link(world_, "leases", with_.link, weather_, [this, &system, open] {
      return caf::actor_cast<caf::strong_actor_ptr>(
        world_.outside(system.spawn(cluster::make_keeper, cluster::open_leases_fn{open})));
    }));
  cluster::member_dependencies deps{keeper,
                                    assembly_->journal,
                                    assembly_->held,
                                    [this] { return boot(); },
                                    plant_parts(world_, with_.planted, assembly_->parts),
                                    assembly_->routers,
                                    {},
                                    {},
                                    {}};
  deps.mesh = [of = std::weak_ptr{known}] {
    const auto x = of.lock();
    return x ? x->mesh : caf::actor{};
  };
  deps.joined = [incarnation](std::uint64_t x) { *incarnation = x; };
  deps.told = [this](const std::string& what, const std::string& detail) {
    world_.note(with_.name + ": " + what + " (" + detail + ')');
  };
  member_ =
    parts.add<caf::actor>("member", [with = with_.settings, deps](const supervision::place& where) -> caf::actor {
      return where.spawn<cluster::member_impl>(with, deps);
    });
  assembly_->regions->emplace(caf::type_id_v<cluster::drain_node>, member_);
  assembly_->member = [weak = caf::actor_cast<caf::weak_actor_ptr>(member_)] {
    return caf::actor_cast<caf::actor>(weak.lock());
  };
  cluster::mesh_settings mesh;
  mesh.about_us = about_us;
  mesh.connect = network_.connector(with_.name);
  mesh.probe = network_.prober(with_.name);
  mesh.member = member_;
  mesh.our_door = [of = std::weak_ptr{known}] {
    const auto x = of.lock();
    return x ? x->door : caf::actor{};
  };
  mesh.told = [this](const std::string& peer, bool up, const std::string& why) {
    world_.note(with_.name + (up ? " is connected with " : " cannot reach ") + peer + ' ' + why);
  };
  const auto peers = parts.add<caf::actor>(
    "mesh", [mesh](const supervision::place& where) -> caf::actor { return where.spawn<cluster::mesh_impl>(mesh); });
  known->mesh = peers;
  made.root.add(std::move(parts));
  known->door = system.spawn<cluster::door_impl>(
    about_us, plant_regions(world_, with_.planted, assembly_->regions), std::make_shared<const cluster::port_table>(),
    assembly_->now, [member = member_](const cluster::news& x) { caf::anon_send(member, x); },
    [peers](const cluster::arrived& x) { caf::anon_send(peers, x); });
  network_.open(with_.name, with_.of, known->door);
}

void member_part::drain(duration within, std::function<void(bool)> then) {
  if (!member_)
    return then(false);
  world_.outside(
    world_.system().spawn([member = member_, within, then = std::move(then)](caf::event_based_actor* self) {
      self->request(member, std::chrono::milliseconds{within.count()}, cluster::drain{})
        .then([then] { then(true); }, [then](const caf::error&) { then(false); });
    }));
}

} // namespace troupe::simulation
