#include "supervisors/cluster/door.hpp"

#include "supervisors/cluster/hand_on.hpp"

#include <caf/sec.hpp>

#include <utility>

namespace troupe::cluster {

door::door(caf::event_based_actor* self, std::function<hello()> about_us, std::shared_ptr<const region_table> regions,
           std::shared_ptr<const port_table> ports, clock_fn now, std::function<void(const news&)> heard,
           std::function<void(const arrived&)> met)
  : self_(self), about_us_(std::move(about_us)), regions_(std::move(regions)), ports_(std::move(ports)),
    now_(std::move(now)), heard_(std::move(heard)), met_(std::move(met)) {}

caf::behavior door::make_behavior() {
  self_->set_default_handler([this](caf::scheduled_actor*, caf::message& what) { return pass_on(what); });
  return {
    [this](const hello& who, const caf::actor& their_door) {
      met_({who, their_door});
      return about_us_();
    },
    [this](const news& x) { heard_(x); },
    [this](const get_port& x) -> caf::result<caf::actor> {
      if (const auto found = ports_->find(x.name); found != ports_->end())
        return found->second;
      return caf::make_error(ec::refused, "this node does not call " + x.name);
    },
  };
}

caf::skippable_result door::pass_on(caf::message& what) {
  const bool has_context = what.size() == 2 && what.match_element<request_context>(0);
  if (!has_context && what.size() != 1)
    return caf::make_error(caf::sec::unexpected_message);
  const auto region = regions_->find(what.type_at(has_context ? 1 : 0));
  if (region == regions_->end())
    return caf::make_error(ec::unknown_type, std::string{"this release does not know such a command"});
  // What has travelled is the time that was left.
  if (has_context && what.get_as<request_context>(0).deadline != time_point::max()) {
    auto& context = what.get_mutable_as<request_context>(0);
    context.deadline = now_() + context.deadline.time_since_epoch();
  }
  return hand_on(self_, what, region->second);
}

} // namespace troupe::cluster
