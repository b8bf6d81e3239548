#include "actors/entity/store.hpp"

namespace troupe::journal {

caf::expected<void> store_writer::release(const std::string&, std::uint64_t, const shard_set&) {
  return caf::make_error(ec::refused, std::string{"this store has no clusters"});
}

caf::expected<std::vector<stored_mark>> store_reader::marks(const std::string&) {
  return caf::make_error(ec::refused, std::string{"this store does not list its marks"});
}

caf::expected<std::vector<std::string>> store_reader::contexts() {
  return caf::make_error(ec::refused, std::string{"this store does not list its contexts"});
}

caf::expected<latest_events> store_reader::latest(const event_filter&, std::optional<std::uint64_t>, std::size_t) {
  return caf::make_error(ec::refused, std::string{"this store has no order of all events"});
}

caf::expected<due_count> store_reader::count_due(const std::string& context, time_point until) {
  constexpr std::size_t page_max = 1'000;
  due_count result;
  for (std::optional<wake_up> after;;) {
    const auto page = due(context, until, after, page_max);
    if (!page)
      return page.error();
    if (!result.oldest && !page->empty())
      result.oldest = page->front().at;
    result.count += page->size();
    if (page->size() < page_max)
      return result;
    after = page->back();
  }
}

} // namespace troupe::journal
