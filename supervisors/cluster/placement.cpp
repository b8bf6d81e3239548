#include "supervisors/cluster/placement.hpp"

#include "supervisors/cluster/hand_on.hpp"

#include <caf/sec.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::cluster {

namespace {

constexpr duration again_after{500};
constexpr duration told_within{2'000};

bool is_command(const caf::message& what) {
  return what.size() == 2 && what.match_element<request_context>(0);
}

} // namespace

std::optional<label> parse_label(std::string_view text) {
  const auto equals = text.find('=');
  label x{std::string{text.substr(0, equals)}, ""};
  if (equals != std::string_view::npos)
    x.value = text.substr(equals + 1);
  return x.word.empty() ? std::nullopt : std::optional{std::move(x)};
}

std::string to_string(const label& x) {
  return x.word + '=' + x.value;
}

bool has_label(const std::map<std::string, std::string>& labels, const label& wanted) {
  const auto found = labels.find(wanted.word);
  return found != labels.end() && found->second == wanted.value;
}

// ---- porch ---------------------------------------------------------------------------------------------------------

porch::porch(caf::event_based_actor* self, caf::actor adapter, clock_fn now)
  : self_(self), adapter_(std::move(adapter)), now_(std::move(now)) {}

caf::behavior porch::make_behavior() {
  self_->set_default_handler([this](caf::scheduled_actor*, caf::message& what) -> caf::skippable_result {
    if (!is_command(what))
      return caf::make_error(caf::sec::unexpected_message);
    // What has travelled is the time that was left.
    if (auto& context = what.get_mutable_as<request_context>(0); context.deadline != time_point::max())
      context.deadline = now_() + context.deadline.time_since_epoch();
    return hand_on(self_, what, adapter_);
  });
  return {
    [](caf::tick_atom) {}, // Nothing but what the default handler takes.
  };
}

// ---- placed --------------------------------------------------------------------------------------------------------

placed::placed(caf::event_based_actor* self, std::string port, label wanted, clock_fn now)
  : self_(self), port_(std::move(port)), wanted_(std::move(wanted)), now_(std::move(now)) {}

caf::behavior placed::make_behavior() {
  self_->set_default_handler([this](caf::scheduled_actor*, caf::message& what) { return pass_on(what); });
  return {
    [this](const reachable_nodes& x) { meet(x); },
  };
}

void placed::meet(const reachable_nodes& x) {
  std::erase_if(ways_, [&](const auto& known) {
    return std::none_of(x.nodes.begin(), x.nodes.end(), [&](const auto& node) {
      return node.first.name == known.first && node.second == known.second.door;
    });
  });
  for (const auto& [about, door] : x.nodes) {
    if (!has_label(about.labels, wanted_) || ways_.contains(about.name))
      continue;
    ways_[about.name].door = door;
    self_->request(door, told_within, get_port{port_})
      .then(
        [this, node = about.name, of = door](const caf::actor& porch) {
          if (const auto found = ways_.find(node); found != ways_.end() && found->second.door == of)
            found->second.porch = porch;
        },
        [this, node = about.name, of = door](const caf::error&) {
          if (const auto found = ways_.find(node); found != ways_.end() && found->second.door == of)
            ways_.erase(found); // Asked again when it is heard of the next time.
        });
  }
}

caf::skippable_result placed::pass_on(caf::message& what) {
  if (!is_command(what))
    return caf::make_error(caf::sec::unexpected_message);
  const auto is_open = [](const auto& x) { return x.second.porch != nullptr; };
  auto next = std::find_if(ways_.upper_bound(last_), ways_.end(), is_open);
  if (next == ways_.end())
    next = std::find_if(ways_.begin(), ways_.end(), is_open);
  if (next == ways_.end())
    return make_failure(ec::unavailable, again_after,
                        "no node with " + to_string(wanted_) + " can be reached, and no other may call " + port_);
  last_ = next->first;
  if (auto& context = what.get_mutable_as<request_context>(0); context.deadline != time_point::max())
    context.deadline = time_point{std::max(context.deadline - now_(), time_point::duration{0})};
  return hand_on(self_, what, next->second.porch);
}

} // namespace troupe::cluster
