// supervisors/cluster/links.hpp: the connections that nodes talk over: CAF's own protocol over mutual TLS.
#pragma once

#include "actors/kernel/time.hpp"
#include "adapters/discovery/address.hpp"
#include "supervisors/cluster/contact.hpp"
#include "supervisors/cluster/credentials.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::cluster {

/// Told of somebody who came without a certificate of the cluster, and why it was not let in. On CAF's thread.
using turned_away_fn = std::function<void(const std::string& address, const std::string& why)>;

/// The addresses of one node, from the first on, each once; nothing after the last. May block.
using places_fn = std::function<std::optional<discovery::address>(std::size_t index)>;

/// CAF's middleman speaks over these. Its module for OpenSSL is not used: it reads the files of certificates at every
/// connection and throws, on a thread that nobody catches on, when they are half written; it has no limit to the time
/// in which somebody connects; and it says nothing about why somebody was not let in.
///
/// A connection on which nothing arrives any more ends after `silent_max`.
class links {
public:
  static constexpr duration connect_within{1'500}; // TCP, then TLS as well
  static constexpr duration silent_max{2'000};     // CAF's heartbeats say that a peer lives
  static constexpr std::size_t strangers_max = 64; // who have not shown a certificate yet; then the first of them go

  /// `system` must have loaded CAF's middleman.
  links(caf::actor_system& system, std::shared_ptr<const credentials> shown, turned_away_fn turned_away);

  /// Tries one address after the other until somebody answers, on a thread of its own, and tells on that thread what
  /// came of it: one address takes twice `connect_within` at most, and the lookup of its name. No other call waits.
  void connect(places_fn places, std::function<void(contact)> told) const;

  /// Tells in the same way whether nothing listens at any of the addresses.
  void look(places_fn places, std::function<void(bool refused)> told) const;

  /// Lets other nodes come to `door`; answers the port.
  caf::expected<std::uint16_t> open(const caf::actor& door, std::uint16_t port, const std::string& address) const;

  /// Lets nobody in any more. What is connected stays.
  void close(const caf::actor& door, std::uint16_t port) const;

private:
  caf::actor_system& system_;
  std::shared_ptr<const credentials> shown_;
  turned_away_fn turned_away_;
};

} // namespace troupe::cluster
