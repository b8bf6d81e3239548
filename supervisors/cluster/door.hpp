// supervisors/cluster/door.hpp: where other nodes come in.
#pragma once

#include "actors/kernel/caf.hpp"
#include "supervisors/cluster/messages.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace troupe::cluster {

/// The local regions, by the type of command that each takes, and who hears facts, by their type. Filled in before the
/// door is opened.
using region_table = std::unordered_map<caf::type_id_t, caf::actor>;

/// Who makes calls of outside services for other nodes, by the names of get_port. Filled in before as well.
using port_table = std::map<std::string, caf::actor>;

/// Takes what other nodes send: their names, their news, commands with their context, and facts without one, which it
/// passes on to the local region as if they came from here. It answers nothing itself, and knows no other kind of
/// message.
class door {
public:
  static constexpr const char* name = "door";

  /// `heard` is told of news, and `met` of peers that say hello, on the door's thread.
  door(caf::event_based_actor* self, std::function<hello()> about_us, std::shared_ptr<const region_table> regions,
       std::shared_ptr<const port_table> ports, clock_fn now, std::function<void(const news&)> heard,
       std::function<void(const arrived&)> met);

  caf::behavior make_behavior();

private:
  caf::skippable_result pass_on(caf::message& what);

  caf::event_based_actor* self_;
  std::function<hello()> about_us_;
  std::shared_ptr<const region_table> regions_;
  std::shared_ptr<const port_table> ports_;
  clock_fn now_;
  std::function<void(const news&)> heard_;
  std::function<void(const arrived&)> met_;
};

using door_impl = caf::stateful_actor<door>;

} // namespace troupe::cluster
