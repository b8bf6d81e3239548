// supervisors/resilience/answer_cache.hpp: good answers that may stand in for failed ones.
#pragma once

#include "actors/kernel/time.hpp"

#include <caf/message.hpp>

#include <list>
#include <map>
#include <optional>
#include <string>

namespace troupe::resilience {

/// Keeps at most `answers_max`; the one that was kept longest ago goes first.
class answer_cache {
public:
  static constexpr std::size_t answers_max = 1'024;

  struct kept {
    caf::message answer;
    time_point at;
  };

  void keep(const std::string& name, caf::message answer, time_point now) {
    if (name.empty())
      return;
    const auto [place, added] = answers_.try_emplace(name);
    if (!added)
      order_.erase(place->second.in_order);
    order_.push_back(name);
    place->second = {{std::move(answer), now}, std::prev(order_.end())};
    if (answers_.size() <= answers_max)
      return;
    answers_.erase(order_.front());
    order_.pop_front();
  }

  /// No older than `age_max`.
  std::optional<kept> find(const std::string& name, time_point now, duration age_max) const {
    const auto found = answers_.find(name);
    if (found == answers_.end() || now - found->second.is.at > age_max)
      return std::nullopt;
    return found->second.is;
  }

private:
  struct place {
    kept is;
    std::list<std::string>::iterator in_order;
  };

  std::map<std::string, place> answers_;
  std::list<std::string> order_; // oldest first
};

} // namespace troupe::resilience
