#include "actors/entity/store_actors.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <exception>

namespace troupe::journal {

namespace {

/// `Result` as `wrap` makes it of what `call` answers; an exception of a library becomes `otherwise`.
template <class Result, class Call, class Wrap> caf::result<Result> answer(ec otherwise, Call&& call, Wrap&& wrap) {
  try {
    auto result = call();
    if (!result)
      return std::move(result.error());
    return wrap(std::move(*result));
  } catch (const std::exception& x) {
    return caf::make_error(otherwise, std::string{x.what()});
  }
}

class writer_state {
public:
  explicit writer_state(std::shared_ptr<store_factory> stores) : stores_(std::move(stores)) {}

  caf::result<batch_result> commit(const batch& x) {
    // Taken out meanwhile, so that one that threw is not used again.
    auto connection = std::move(connection_);
    if (!connection)
      return caf::make_error(ec::store_unavailable, std::string{"the store is not open"});
    return answer<batch_result>(
      ec::commit_unknown,
      [&] {
        auto results = connection->commit(x.writes, x.marks);
        connection_ = std::move(connection);
        return results;
      },
      [](std::vector<write_result> results) { return batch_result{std::move(results)}; });
  }

  caf::result<leases> open(const reopen& x) {
    connection_.reset(); // First, for it holds the store's lock.
    return answer<leases>(
      ec::store_unavailable, [&] { return open_and_acquire(x.what); },
      [](std::vector<lease> items) { return leases{std::move(items)}; });
  }

  caf::result<leases> acquire(const claim& x) {
    if (!connection_)
      return caf::make_error(ec::store_unavailable, std::string{"the store is not open"});
    return answer<leases>(
      ec::store_unavailable, [&] { return connection_->acquire(x); },
      [](std::vector<lease> items) { return leases{std::move(items)}; });
  }

  caf::result<void> give_back(const release& x) {
    if (!connection_)
      return caf::make_error(ec::store_unavailable, std::string{"the store is not open"});
    try {
      if (const auto done = connection_->release(x.node, x.incarnation, x.shards); !done)
        return done.error();
    } catch (const std::exception& e) {
      return caf::make_error(ec::store_unavailable, std::string{e.what()});
    }
    return caf::unit;
  }

private:
  caf::expected<std::vector<lease>> open_and_acquire(const claim& x) {
    auto opened = stores_->open_writer();
    if (!opened)
      return std::move(opened.error());
    auto items = x.shards.none() ? caf::expected<std::vector<lease>>{std::vector<lease>{}} : (*opened)->acquire(x);
    if (items)
      connection_ = std::move(*opened);
    return items;
  }

  std::shared_ptr<store_factory> stores_;
  std::unique_ptr<store_writer> connection_;
};

class reader_state {
public:
  explicit reader_state(std::shared_ptr<store_factory> stores) : stores_(std::move(stores)) {}

  template <class Result, class Call, class Wrap> caf::result<Result> read(Call&& call, Wrap&& wrap) {
    return answer<Result>(
      ec::store_unavailable, [&] { return on_connection(call); }, wrap);
  }

private:
  template <class Call> auto on_connection(Call& call) -> decltype(call(std::declval<store_reader&>())) {
    // Taken out meanwhile, so that whatever fails in between leaves none behind.
    auto connection = std::move(connection_);
    if (!connection) {
      auto opened = stores_->open_reader();
      if (!opened)
        return std::move(opened.error());
      connection = std::move(*opened);
    }
    auto result = call(*connection);
    if (result)
      connection_ = std::move(connection);
    return result;
  }

  std::shared_ptr<store_factory> stores_;
  std::unique_ptr<store_reader> connection_;
};

page to_page(std::vector<stored_event> events) {
  return {std::move(events)};
}

} // namespace

writer_actor::behavior_type make_writer(writer_actor::pointer, std::shared_ptr<store_factory> stores) {
  auto state = std::make_shared<writer_state>(std::move(stores));
  return {
    [state](const batch& x) { return state->commit(x); },
    [state](const reopen& x) { return state->open(x); },
    [state](const claim& x) { return state->acquire(x); },
    [state](const release& x) { return state->give_back(x); },
  };
}

reader_actor::behavior_type make_reader(reader_actor::pointer, std::shared_ptr<store_factory> stores) {
  auto state = std::make_shared<reader_state>(std::move(stores));
  return {
    [state](const load& x) {
      return state->read<recovered_stream>([&](store_reader& from) { return from.load(x.stream); },
                                           [](recovered_stream found) { return found; });
    },
    [state](const read_stream& x) {
      return state->read<page>([&](store_reader& from) { return from.read_stream(x.stream, x.first_version, x.limit); },
                               to_page);
    },
    [state](const read_shard& x) {
      return state->read<page>(
        [&](store_reader& from) { return from.read_shard(x.context, x.shard, x.first_offset, x.limit); }, to_page);
    },
    [state](const read_due& x) {
      return state->read<due_page>([&](store_reader& from) { return from.due(x.context, x.until, x.after, x.limit); },
                                   [](std::vector<wake_up> items) { return due_page{std::move(items)}; });
    },
    [state](const read_keys& x) {
      return state->read<key_page>([&](store_reader& from) { return from.keys(x.context, x.after, x.limit); },
                                   [](std::vector<std::string> keys) { return key_page{std::move(keys)}; });
    },
    [state](const read_positions& x) {
      return state->read<position_page>(
        [&](store_reader& from) { return from.positions(x.outlet, x.context); },
        [](std::vector<outlet_position> items) { return position_page{std::move(items)}; });
    },
    [state](const read_latest& x) {
      return state->read<latest_events>([&](store_reader& from) { return from.latest(x.filter, x.before, x.limit); },
                                        [](latest_events found) { return found; });
    },
    [state](const read_due_count& x) {
      return state->read<due_count>([&](store_reader& from) { return from.count_due(x.context, x.until); },
                                    [](due_count found) { return found; });
    },
  };
}

} // namespace troupe::journal
