// supervisors/gateway_actor.hpp: a gateway's server as a part of the node that is supervised like any other.
#pragma once

#include "gateways/http/server.hpp"
#include "supervisors/supervision/supervisor.hpp"

#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// `open`: listens from now on, and so does every incarnation after this one; answers the port, or ec::unavailable with
/// a text that says what to do. May be repeated.
/// `close`: gateway::server::stop; answers what that answers. Later incarnations do not listen either. May be repeated.
using gateway_actor = caf::typed_actor<caf::result<std::uint16_t>(caf::open_atom), caf::result<bool>(caf::close_atom)>;

/// What the incarnations of a gateway have in common.
struct gateway_place {
  /// A server at `port`, which calls `failed` on any thread when it cannot accept connections any more. Throws what
  /// gateway::server throws.
  std::function<std::unique_ptr<gateway::server>(std::uint16_t port, std::function<void(const std::string&)> failed)>
    make;
  std::atomic<std::uint16_t> port = 0; // 0: the system chooses once, and every later incarnation takes the same
  std::atomic<bool> open = false;
};

/// Has a thread of its own, for a server waits for the threads that serve it. Fails when its server does; requests in
/// flight are cut off then.
gateway_actor spawn_gateway(const supervision::place& where, std::shared_ptr<gateway_place> at);

/// A gateway below a supervisor, whichever incarnation of it is up. Empty until it is made.
class supervised_gateway {
public:
  supervised_gateway() = default;

  /// Adds it to `to`, not listening yet. `routes` is called for each incarnation; `system` runs on io threads that
  /// serve its connections.
  supervised_gateway(caf::actor_system& system, supervision::group& to, std::string name, gateway::options with,
                     std::function<gateway::router()> routes);

  /// 0 while it does not listen.
  std::uint16_t port() const { return place_->open ? place_->port.load() : std::uint16_t{0}; }

  /// Listens from now on. Throws std::runtime_error, with a text that says what to do. Once its supervisor is up.
  void open() const;

  /// See gateway::server::stop; true for one that was never opened. Not on an io thread.
  bool close() const;

private:
  caf::actor_system* system_ = nullptr;
  std::shared_ptr<gateway_place> place_;
  gateway_actor actor_;
};

} // namespace troupe
