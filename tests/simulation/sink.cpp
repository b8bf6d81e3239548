#include "tests/simulation/sink.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <utility>

namespace troupe::simulation {

namespace {

constexpr int refusals_max = 12; // more than an outlet and the parking place try

class moody_sink {
public:
  static constexpr const char* name = "sink";

  moody_sink(outlet::sink_actor::pointer self, world& w, auditor* audit, std::shared_ptr<sink_moods> moods,
             outlet::sink_actor behind)
    : self_(self), world_(w), audit_(audit), moods_(std::move(moods)), behind_(std::move(behind)) {}

  outlet::sink_actor::behavior_type make_behavior() {
    return {[this](const outlet::deliver& x) -> caf::result<void> {
      if (audit_)
        audit_->letters().passed_on(x.event->stream.key, x.event->version);
      if (world_.faults_on() && world_.random().chance(moods_->silent)) {
        world_.mishap("sink: silent");
        return silence_.emplace_back(self_->make_response_promise<void>());
      }
      if (const auto why = refuses(x))
        return caf::make_error(*why);
      if (audit_) {
        audit_->letters().taken(x.event->stream.key, x.event->version);
        return caf::unit;
      }
      return self_->delegate(behind_, x);
    }};
  }

private:
  std::optional<ec> refuses(const outlet::deliver& x) {
    const auto event = x.outlet + '/' + x.event->stream.key + '/' + std::to_string(x.event->version);
    auto known = moods_->left.find(event);
    if (known == moods_->left.end() && !world_.faults_on())
      return std::nullopt;
    if (known == moods_->left.end())
      known = moods_->left.emplace(event, draw()).first;
    auto& left = known->second;
    if (left == 0)
      return std::nullopt;
    const bool for_good = left < 0; // Until somebody has done something about it.
    left = for_good ? 0 : left - 1;
    world_.mishap(for_good ? "sink: refused" : "sink: unavailable");
    return for_good ? ec::refused : ec::unavailable;
  }

  int draw() {
    auto& random = world_.random();
    if (!random.chance(moods_->refuses))
      return 0;
    return random.chance(0.3) ? -1 : 1 + static_cast<int>(random.below(refusals_max));
  }

  outlet::sink_actor::pointer self_;
  world& world_;
  auditor* audit_; // of a sink that has nobody behind it
  std::shared_ptr<sink_moods> moods_;
  outlet::sink_actor behind_;
  std::vector<caf::typed_response_promise<void>> silence_;
};

using impl = outlet::sink_actor::stateful_impl<moody_sink>;

} // namespace

outlet::sink_actor spawn_moody_sink(world& w, std::shared_ptr<sink_moods> moods, outlet::sink_actor behind) {
  return w.outside(
    w.system().spawn<impl>(std::ref(w), static_cast<auditor*>(nullptr), std::move(moods), std::move(behind)));
}

outlet::sink_actor spawn_copying_sink(world& w, auditor& audit, std::shared_ptr<sink_moods> moods) {
  return w.outside(w.system().spawn<impl>(std::ref(w), &audit, std::move(moods), outlet::sink_actor{}));
}

} // namespace troupe::simulation
