// supervisors/cluster/placement.hpp: outside services that only some nodes may call.
#pragma once

#include "actors/kernel/caf.hpp"
#include "supervisors/cluster/messages.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// A word about a node, such as egress=fixed.
struct label {
  std::string word;
  std::string value;

  bool operator==(const label&) const = default;
};

/// "egress=fixed"; the value is empty without an equals sign. Nothing for a text without a word.
std::optional<label> parse_label(std::string_view text);
std::string to_string(const label& x);
bool has_label(const std::map<std::string, std::string>& labels, const label& wanted);

/// Where other nodes' calls of one adapter come in. Passes commands on as if they came from here.
class porch {
public:
  static constexpr const char* name = "porch";

  porch(caf::event_based_actor* self, caf::actor adapter, clock_fn now);

  caf::behavior make_behavior();

private:
  caf::event_based_actor* self_;
  caf::actor adapter_;
  clock_fn now_;
};

/// Stands for an adapter on a node that may not make its calls: passes commands on to nodes with the label, one after
/// the other. Fails with unavailable, and surely nothing was sent, while none can be reached; when the node is lost in
/// the middle of a call there may be no answer, as with any outside service.
class placed {
public:
  static constexpr const char* name = "placed elsewhere";

  placed(caf::event_based_actor* self, std::string port, label wanted, clock_fn now);

  caf::behavior make_behavior();

private:
  void meet(const reachable_nodes& x);
  caf::skippable_result pass_on(caf::message& what);

  caf::event_based_actor* self_;
  std::string port_;
  label wanted_;
  clock_fn now_;
  struct way {
    caf::actor door;
    caf::actor porch; // once it has been told
  };
  std::map<std::string, way> ways_; // by node
  std::string last_;                // who was asked last
};

using porch_impl = caf::stateful_actor<porch>;
using placed_impl = caf::stateful_actor<placed>;

} // namespace troupe::cluster
