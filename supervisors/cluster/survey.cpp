#include "supervisors/cluster/survey.hpp"

#include <caf/actor_cast.hpp>
#include <caf/sec.hpp>

#include <algorithm>
#include <utility>

namespace troupe::cluster {

namespace {

/// One answer for all, once everybody has told or will not.
template <class Answer> class gathering {
public:
  gathering(std::size_t asked, bool of_one, caf::typed_response_promise<seen<Answer>> reply)
    : left_(asked), of_one_(of_one), reply_(std::move(reply)) {}

  void told(const std::string& node, Answer x) {
    all_.told.push_back({node, std::move(x)});
    one_less();
  }

  void failed(const std::string& node, const caf::error& why) {
    if (of_one_ && why != caf::sec::request_timeout)
      return reply_.deliver(why);
    missing(node, why == caf::sec::request_timeout ? "it did not answer in time" : to_string(why));
  }

  void missing(const std::string& node, std::string why) {
    all_.not_told.push_back({node, std::move(why)});
    one_less();
  }

private:
  void one_less() {
    if (--left_ > 0)
      return;
    const auto by_node = [](const auto& a, const auto& b) { return a.node < b.node; };
    std::sort(all_.told.begin(), all_.told.end(), by_node);
    std::sort(all_.not_told.begin(), all_.not_told.end(), by_node);
    reply_.deliver(std::move(all_));
  }

  std::size_t left_;
  bool of_one_;
  caf::typed_response_promise<seen<Answer>> reply_;
  seen<Answer> all_;
};

} // namespace

surveyor::surveyor(surveyor_actor::pointer self, survey_settings with) : self_(self), with_(std::move(with)) {}

surveyor_actor::behavior_type surveyor::make_behavior() {
  return {
    [this](const survey_guards& x) { return ask<guard::reports>(x.node, guard::get_guards{}); },
    [this](const survey_guard& x) { return ask<guard::report>(x.node, guard::get_guard{x.name}); },
    [this](const survey_parts& x) { return ask<part_list>(x.node, get_parts{}); },
    [this](get_parts) { return own_parts(); },
    [this](const updated& x) { doors_ = x.doors ? x.doors : doors_; },
  };
}

template <class Answer, class Question>
caf::result<seen<Answer>> surveyor::ask(const std::string& node, Question question) {
  const auto desk = with_.desk();
  if (!desk)
    return caf::make_error(ec::unavailable);
  auto reply = self_->make_response_promise<seen<Answer>>();
  self_->request(desk, with_.answered_within, get_report{})
    .then(
      [this, node, question, reply](const report& x) {
        ask_nodes<Answer>(x.seen ? x.seen->nodes : std::vector<node_record>{}, node, question, reply);
      },
      [reply](caf::error& why) mutable { reply.deliver(std::move(why)); });
  return reply;
}

template <class Answer, class Question>
void surveyor::ask_nodes(const std::vector<node_record>& nodes, const std::string& only, const Question& question,
                         caf::typed_response_promise<seen<Answer>> reply) {
  std::vector<std::string> names;
  if (only.empty() || only == with_.node)
    names.push_back(with_.node);
  for (const auto& x : nodes)
    if (x.name != with_.node && x.state != node_state::left && (only.empty() || x.name == only))
      names.push_back(x.name);
  if (names.empty())
    return reply.deliver(caf::make_error(ec::refused, "there is no node " + only));
  const auto all = std::make_shared<gathering<Answer>>(names.size(), !only.empty(), std::move(reply));
  for (const auto& name : names) {
    const auto got = [all, name](Answer& x) { all->told(name, std::move(x)); };
    const auto failed = [all, name](const caf::error& why) { all->failed(name, why); };
    if (name != with_.node) {
      if (const auto door = doors_->find(name); door != doors_->end())
        self_->request(door->second, with_.answered_within, question).then(got, failed);
      else
        all->missing(name, "it cannot be reached");
    } else if constexpr (std::is_same_v<Question, get_parts>) {
      all->told(name, own_parts());
    } else {
      self_->request(with_.guards, with_.answered_within, question).then(got, failed);
    }
  }
}

} // namespace troupe::cluster
