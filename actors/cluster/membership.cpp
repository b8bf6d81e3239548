#include "actors/cluster/membership.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::cluster {

namespace {

bool is_name_character(char x) {
  return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') || x == '-' || x == '.' || x == '_';
}

} // namespace

std::string to_string(role_set x) {
  std::string result = x.gateway ? "gateway" : "";
  if (x.worker)
    result += x.gateway ? ",worker" : "worker";
  return result;
}

std::optional<role_set> parse_role_set(std::string_view text) {
  role_set result;
  while (!text.empty()) {
    const auto end = text.find(',');
    const auto word = text.substr(0, end);
    if (word == "gateway" && !result.gateway)
      result.gateway = true;
    else if (word == "worker" && !result.worker)
      result.worker = true;
    else
      return std::nullopt;
    if (end == text.size() - 1)
      return std::nullopt;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return result;
}

std::string_view name_of(node_state x) {
  switch (x) {
    case node_state::up: return "up";
    case node_state::draining: return "draining";
    case node_state::left: return "left";
  }
  return "invalid";
}

std::optional<node_state> parse_node_state(std::string_view text) {
  for (const auto x : {node_state::up, node_state::draining, node_state::left})
    if (text == name_of(x))
      return x;
  return std::nullopt;
}

std::string why_invalid(const node_record& x) {
  if (x.name.empty() || x.name.size() > node_name_bytes_max)
    return "name: 1 to " + std::to_string(node_name_bytes_max) + " characters are wanted";
  if (!std::all_of(x.name.begin(), x.name.end(), is_name_character))
    return "name: only letters, digits and -._ may stand in it";
  if (!x.roles.gateway && !x.roles.worker)
    return "roles: at least one of gateway and worker is wanted";
  if (x.labels.size() > labels_max)
    return "labels: at most " + std::to_string(labels_max) + " are kept";
  if (x.weight == 0 || x.weight > weight_max)
    return "weight: 1 to " + std::to_string(weight_max) + " is wanted";
  if (x.protocol == 0)
    return "protocol: 1 or more is wanted";
  if (x.state == node_state::left)
    return "state: who has left cannot join";
  return {};
}

bool is_live(const node_record& x) {
  return x.lease_left > duration{0} && x.state != node_state::left;
}

const node_record* find_node(const view& x, std::string_view name) {
  const auto found = std::find_if(x.nodes.begin(), x.nodes.end(), [&](const auto& node) { return node.name == name; });
  return found == x.nodes.end() ? nullptr : &*found;
}

const node_record* live_owner(const view& x, std::uint16_t shard) {
  const auto& record = x.shards[shard];
  const auto* node = record.owner.empty() ? nullptr : find_node(x, record.owner);
  return node && node->incarnation == record.incarnation && is_live(*node) ? node : nullptr;
}

const node_record* planner_of(const view& x) {
  const node_record* first = nullptr;
  for (const auto& node : x.nodes)
    if (node.roles.worker && is_live(node)
        && (!first || std::tie(node.incarnation, node.name) < std::tie(first->incarnation, first->name)))
      first = &node;
  return first;
}

} // namespace troupe::cluster
