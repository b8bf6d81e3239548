#include "actors/pause/directory.hpp"

#include "actors/pause/pause_entity.hpp"
#include "actors/timer.hpp"

#include <caf/unit.hpp>

#include <utility>

namespace troupe::pause {

namespace {

constexpr duration retry_after{100}; // the store is not open, say

} // namespace

directory::directory(caf::event_based_actor* self, journal::journal_actor journal, pause_actor pauses,
                     registry_ptr puts_up, live<bool> may_begin, std::function<void()> known)
  : self_(self), journal_(std::move(journal)), pauses_(std::move(pauses)), registry_(std::move(puts_up)),
    may_begin_(std::move(may_begin)), known_(std::move(known)) {}

caf::behavior directory::make_behavior() {
  look();
  return {[this](caf::unit_t) { look(); }};
}

void directory::look() {
  if (begun_ || !*may_begin_ || registry_->published()->is_known())
    return;
  begun_ = true;
  begin();
}

void directory::begin() {
  found_.clear();
  ended_.clear();
  read_after({});
}

void directory::read_after(std::string key) {
  self_->request(journal_, caf::infinite, journal::read_keys{traits::context, std::move(key)})
    .then(
      [this](journal::key_page& page) {
        if (!page.keys.empty())
          return ask_about(std::make_shared<const std::vector<std::string>>(std::move(page.keys)), 0);
        registry_->know(found_, ended_);
        known_();
      },
      [this](const caf::error&) { begin_again(); });
}

// One after the other: there are few, and each is recovered from the journal.
void directory::ask_about(const keys_ptr& keys, std::size_t next) {
  if (next == keys->size())
    return read_after(keys->back());
  const auto what = parse_target((*keys)[next]);
  if (!what)
    return ask_about(keys, next + 1);
  self_->request(pauses_, caf::infinite, request_context{"pause_directory", {}, time_point::max()}, get{*what})
    .then(
      [this, keys, next](const status& x) {
        if (x.is)
          found_.push_back({x.what, *x.is});
        if (!x.ended.empty())
          ended_.push_back({x.what, x.ended});
        ask_about(keys, next + 1);
      },
      [this](const caf::error&) { begin_again(); });
}

void directory::begin_again() {
  run_later(self_, retry_after, [this] { begin(); });
}

} // namespace troupe::pause
