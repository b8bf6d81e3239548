// supervisors/cluster/survey.hpp: asks all nodes what operators want to see.
#pragma once

#include "actors/cluster/desk.hpp"
#include "actors/cluster/survey.hpp"
#include "supervisors/cluster/messages.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe::cluster {

struct survey_settings {
  std::string node; // the name of this one
  guard::guards_actor guards;
  std::function<std::vector<part>()> parts;
  std::function<desk_actor()> desk; // knows which nodes there are; may be null for a while
  duration answered_within{1'000};
};

using surveyor_actor = survey_actor::extend<caf::result<part_list>(get_parts), caf::result<void>(updated)>;

/// The behaviour behind survey_actor. Each node has its own time, so that one that does not answer holds up no other.
class surveyor {
public:
  static constexpr const char* name = "survey";

  surveyor(surveyor_actor::pointer self, survey_settings with);

  surveyor_actor::behavior_type make_behavior();

private:
  template <class Answer, class Question> caf::result<seen<Answer>> ask(const std::string& node, Question question);
  template <class Answer, class Question>
  void ask_nodes(const std::vector<node_record>& nodes, const std::string& only, const Question& question,
                 caf::typed_response_promise<seen<Answer>> reply);
  part_list own_parts() const { return {with_.parts()}; }

  surveyor_actor::pointer self_;
  survey_settings with_;
  std::shared_ptr<const door_map> doors_ = std::make_shared<const door_map>();
};

using survey_impl = surveyor_actor::stateful_impl<surveyor>;

} // namespace troupe::cluster
