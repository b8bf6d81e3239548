#include "actors/guard/directory.hpp"

#include "actors/guard/guard_entity.hpp"
#include "actors/timer.hpp"

#include <caf/unit.hpp>

#include <utility>

namespace troupe::guard {

namespace {

constexpr duration retry_after{100}; // the store is not open, say

} // namespace

directory::directory(caf::event_based_actor* self, journal::journal_actor journal, trail_actor trails, finder tells)
  : self_(self), journal_(std::move(journal)), trails_(std::move(trails)), tells_(std::move(tells)) {}

caf::behavior directory::make_behavior() {
  read_after({});
  return {[](caf::unit_t) {}};
}

void directory::read_after(std::string key) {
  self_->request(journal_, caf::infinite, journal::read_keys{traits::context, std::move(key)})
    .then(
      [this](journal::key_page& page) {
        if (page.keys.empty())
          return tells_.known();
        ask_about(std::make_shared<const std::vector<std::string>>(std::move(page.keys)), 0);
      },
      [this](const caf::error&) { begin_again(); });
}

// One after the other: there are few, and each is recovered from the journal.
void directory::ask_about(const keys_ptr& keys, std::size_t next) {
  if (next == keys->size())
    return read_after(keys->back());
  const auto& name = (*keys)[next];
  self_->request(trails_, caf::infinite, request_context{"guard_directory", {}, time_point::max()}, get_trail{name})
    .then(
      [this, keys, next](const trail& x) {
        tells_.found(x);
        ask_about(keys, next + 1);
      },
      [this, keys, next](const caf::error& why) {
        const auto code = code_of(why);
        if (code != ec::store_damaged && code != ec::unknown_type)
          return begin_again();
        tells_.lost((*keys)[next], why);
        ask_about(keys, next + 1);
      });
}

void directory::begin_again() {
  run_later(self_, retry_after, [this] { read_after({}); });
}

} // namespace troupe::guard
