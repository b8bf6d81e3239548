#include "adapters/discovery/finder.hpp"

#include <algorithm>

namespace troupe::discovery {

kept_finder::kept_finder(std::unique_ptr<finder> x) : finder_(std::move(x)) {}

caf::expected<found> kept_finder::find(time_point now) {
  auto answer = finder_->find();
  if (answer) {
    last_ = std::move(*answer);
    asked_at_ = now;
    return found{*last_, duration{0}, {}};
  }
  if (!last_)
    return answer.error();
  return found{*last_, std::max(duration{0}, now - asked_at_), answer.error()};
}

} // namespace troupe::discovery
