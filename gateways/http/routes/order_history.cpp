#include "gateways/http/routes/order_history.hpp"

#include "gateways/http/routes/json_text.hpp"

#include "actors/order/stored.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

constexpr std::size_t page_size = 500;

/// Every event of the order that is durable now.
boost::asio::awaitable<caf::expected<std::vector<journal::stored_event>>>
read_events(incoming& in, journal::journal_actor journal, order_id id) {
  std::vector<journal::stored_event> all;
  for (;;) {
    journal::read_stream question{{"order", id.value}, all.size() + 1, page_size};
    auto page = co_await ask<journal::page>(in, journal, std::move(question));
    if (!page)
      co_return std::move(page.error());
    const auto count = page->events.size();
    std::move(page->events.begin(), page->events.end(), std::back_inserter(all));
    if (count < page_size)
      break;
  }
  if (all.empty())
    co_return caf::make_error(order::rejection::unknown_order);
  co_return all;
}

} // namespace

caf::expected<order::view> view_as_of(const order_id& id, std::span<const journal::stored_event> events,
                                      time_point at) {
  order::state state;
  std::uint64_t version = 0;
  for (const auto& stored : events) {
    if (stored.recorded_at > at)
      break;
    const auto event = order::decode(stored);
    if (!event)
      return event.error();
    state.apply(*event, stored.recorded_at);
    version = stored.version;
  }
  if (version == 0)
    return caf::make_error(order::rejection::unknown_order);
  return order::make_view(id, state, version);
}

boost::asio::awaitable<caf::expected<order::view>> order_as_of(incoming& in, journal::journal_actor journal,
                                                               order_id id, time_point at) {
  auto events = co_await read_events(in, std::move(journal), id);
  if (!events)
    co_return std::move(events.error());
  co_return view_as_of(id, *events, at);
}

boost::asio::awaitable<caf::expected<std::vector<public_event>>>
public_events(incoming& in, journal::journal_actor journal, order_id id) {
  auto events = co_await read_events(in, std::move(journal), std::move(id));
  if (!events)
    co_return std::move(events.error());
  std::vector<public_event> out;
  for (const auto& stored : *events)
    if (auto event = order::to_public(stored))
      out.push_back(std::move(*event));
  co_return out;
}

std::string events_text(const order_id& id, std::span<const public_event> events) {
  std::string list = "[";
  for (const auto& event : events)
    list.append(list.size() > 1 ? "," : "").append(to_json(event));
  return json_object({{"orderId", json_string(id.value)}, {"events", list + ']'}});
}

} // namespace troupe::gateway
