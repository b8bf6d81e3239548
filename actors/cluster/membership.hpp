// actors/cluster/membership.hpp: the nodes of a cluster and who owns which shard, as the store sees both.
#pragma once

#include "actors/kernel/hash.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// What a node is there for. Only workers own shards.
struct role_set {
  bool gateway = false;
  bool worker = false;

  bool operator==(const role_set&) const = default;
};

/// As stores keep it: `gateway`, `worker`, `gateway,worker`, or nothing.
std::string to_string(role_set x);

/// Accepts what to_string writes, in any order; nothing for anything else.
std::optional<role_set> parse_role_set(std::string_view text);

enum class node_state : std::uint8_t {
  up = 1,
  draining, // hands its shards over and takes no more
  left,     // has ended, and said so
};
std::string_view name_of(node_state x);
std::optional<node_state> parse_node_state(std::string_view text);

inline constexpr std::uint32_t weight_max = 1'000;
inline constexpr std::size_t node_name_bytes_max = 128;
inline constexpr std::size_t labels_max = 32;

struct node_record {
  std::string name;
  std::uint64_t incarnation = 0; // the store gives a higher one at each join of any node
  std::string address;           // "host:port" of its cluster port; empty when it is to be found by discovery
  role_set roles;
  std::map<std::string, std::string> labels;
  std::uint32_t weight = 100; // its part of the shards, compared with the others'; 1 to weight_max
  std::string version;        // of the program, for people
  std::uint32_t protocol = 1; // of the messages between nodes; one apart from another's can talk with it
  node_state state = node_state::up;
  duration lease_left{0}; // when the store answered, by its clock; nothing or less when it has run out

  bool operator==(const node_record&) const = default;
};

/// Why a node of this description cannot join, with the field's name; empty when it can.
std::string why_invalid(const node_record& x);

/// Ownership is per shard number, for all contexts together.
struct shard_record {
  std::string owner;             // a node's name; empty when nobody owns it
  std::uint64_t incarnation = 0; // the owner's, when it took the shard
  std::uint64_t epoch = 0;       // higher than every earlier owner's; a release leaves it as it is
  std::string target;            // the node that is to own it; empty when it stays where it is

  bool operator==(const shard_record&) const = default;
};

/// What the store knew at one moment.
struct view {
  std::vector<node_record> nodes; // at most one of a name
  std::vector<shard_record> shards = std::vector<shard_record>(shard_count);
  std::uint64_t plan_version = 0; // grows with each change of targets

  bool operator==(const view&) const = default;
};

/// Whether its lease has not run out, be it nearly over, and it has not left.
bool is_live(const node_record& x);

/// nullptr when there is none of that name.
const node_record* find_node(const view& x, std::string_view name);

/// The live node that owns a shard; nullptr when nobody does, its lease has run out, or it has joined anew since: then
/// nobody serves the shard, and it may be claimed.
const node_record* live_owner(const view& x, std::uint16_t shard);

/// The live worker that joined first, which plans for all; nullptr when there is none.
const node_record* planner_of(const view& x);

} // namespace troupe::cluster
