#include "actors/entity/store_actors.hpp"

#include "tests/support/deterministic_system.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe::journal {

namespace {

const stream_name first{"order", "o-1"};
const reopen take{claim{{"order"}, "node-1"}};

/// What the connections of these tests do next, and how many of them there were.
struct script {
  bool fails_to_open = false;
  bool fails_to_acquire = false;
  bool fails = false;
  bool throws = false;
  int writers = 0;
  int readers = 0;
  int open_writers = 0;
  std::size_t marks = 0;
};

template <class T> caf::expected<T> next(const script& x, T value) {
  if (x.throws)
    throw std::runtime_error{"thrown by a library"};
  if (x.fails)
    return caf::make_error(ec::store_damaged, std::string{"as told"});
  return value;
}

class scripted_writer final : public store_writer {
public:
  explicit scripted_writer(script& x) : script_(x) {
    ++x.writers;
    ++x.open_writers;
  }
  ~scripted_writer() override { --script_.open_writers; }

  caf::expected<std::vector<lease>> acquire(const claim& x) override {
    if (script_.fails_to_acquire)
      return caf::make_error(ec::store_unavailable, std::string{"as told"});
    return next(script_, std::vector<lease>{{x.contexts[0], 0, 1, 1}});
  }
  caf::expected<std::vector<write_result>> commit(std::span<const write> x,
                                                  std::span<const offset_mark> marks) override {
    script_.marks += marks.size();
    return next(script_, std::vector<write_result>(x.size(), write_result::stored));
  }

private:
  script& script_;
};

class scripted_reader final : public store_reader {
public:
  explicit scripted_reader(script& x) : script_(x) { ++x.readers; }

  caf::expected<recovered_stream> load(const stream_name&) override { return next(script_, recovered_stream{}); }
  caf::expected<std::vector<stored_event>> read_stream(const stream_name& name, std::uint64_t version,
                                                       std::size_t limit) override {
    stored_event x;
    x.stream = name;
    x.version = version;
    x.offset = limit;
    return next(script_, std::vector{x});
  }
  caf::expected<std::vector<stored_event>> read_shard(const std::string& context, std::uint16_t shard,
                                                      std::uint64_t offset, std::size_t limit) override {
    stored_event x;
    x.stream.context = context;
    x.shard = shard;
    x.offset = offset;
    x.version = limit;
    return next(script_, std::vector{x});
  }
  caf::expected<std::vector<wake_up>> due(const std::string& context, time_point until,
                                          const std::optional<wake_up>& after, std::size_t limit) override {
    return next(script_, std::vector<wake_up>(after ? limit : 0, wake_up{{context, "k"}, until}));
  }
  caf::expected<std::vector<outlet_position>> positions(const std::string& outlet,
                                                        const std::string& context) override {
    return next(script_, std::vector{outlet_position{7, outlet.size(), context.size()}});
  }
  caf::expected<std::vector<std::string>> keys(const std::string& context, const std::string& after,
                                               std::size_t limit) override {
    return next(script_, std::vector<std::string>{context, after, std::to_string(limit)});
  }
  caf::expected<latest_events> latest(const event_filter& filter, std::optional<std::uint64_t> before,
                                      std::size_t limit) override {
    placed_event x;
    x.position = before.value_or(0);
    x.event.stream = {filter.context, filter.key};
    x.event.type = filter.type;
    return next(script_, latest_events{limit, {x}});
  }

private:
  script& script_;
};

class scripted_store final : public store_factory {
public:
  explicit scripted_store(script& x) : script_(x) {}

  caf::expected<std::unique_ptr<store_writer>> open_writer() override {
    if (script_.fails_to_open)
      return caf::make_error(ec::store_in_use, std::string{"as told"});
    EXPECT_EQ(script_.open_writers, 0); // The one before would still hold the lock.
    return std::unique_ptr<store_writer>{std::make_unique<scripted_writer>(script_)};
  }
  caf::expected<std::unique_ptr<store_reader>> open_reader() override {
    if (script_.fails_to_open)
      return caf::make_error(ec::store_unavailable, std::string{"as told"});
    return std::unique_ptr<store_reader>{std::make_unique<scripted_reader>(script_)};
  }

private:
  script& script_;
};

class StoreActors : public test::deterministic_system {
protected:
  template <class Reply, class Handle, class Message> ec failure(const Handle& whom, Message msg) {
    const auto reply = ask<Reply>(whom, std::move(msg));
    return reply ? ec{} : code_of(reply.error());
  }

  template <class Body> ec failure_of_batch(Body&& whom) { return failure<batch_result>(whom, batch{{write{}}, {}}); }

  script story;
  std::shared_ptr<store_factory> stores = std::make_shared<scripted_store>(story);
  writer_actor writer = sys.spawn(make_writer, stores);
  reader_actor reader = sys.spawn(make_reader, stores);
};

TEST_F(StoreActors, WritesNothingBeforeItIsOpened) {
  EXPECT_EQ(failure_of_batch(writer), ec::store_unavailable);
  EXPECT_EQ(story.writers, 0);
}

TEST_F(StoreActors, WritesBatchesOnceItIsOpened) {
  EXPECT_EQ(ask<leases>(writer, take)->items.size(), 1u);
  EXPECT_EQ(ask<batch_result>(writer, batch{{write{}, write{}}, {}})->results.size(), 2u);
  EXPECT_EQ(story.marks, 0u);
  EXPECT_TRUE(ask<batch_result>(writer, batch{{}, {offset_mark{}, offset_mark{}}})->results.empty());
  EXPECT_EQ(story.marks, 2u);
}

TEST_F(StoreActors, ClosesTheOldConnectionBeforeItOpensANewOne) {
  ASSERT_TRUE(ask<leases>(writer, take));
  ASSERT_TRUE(ask<leases>(writer, take));
  EXPECT_EQ(story.writers, 2);
  EXPECT_EQ(story.open_writers, 1);
}

TEST_F(StoreActors, HasNoConnectionAfterAFailureToReopen) {
  ASSERT_TRUE(ask<leases>(writer, take));
  story.fails_to_open = true;
  EXPECT_EQ(failure<leases>(writer, take), ec::store_in_use);
  EXPECT_EQ(failure_of_batch(writer), ec::store_unavailable);
  story.fails_to_open = false;
  story.fails_to_acquire = true;
  EXPECT_EQ(failure<leases>(writer, take), ec::store_unavailable);
  EXPECT_EQ(story.open_writers, 0);
  story.fails_to_acquire = false;
  EXPECT_TRUE(ask<leases>(writer, take));
}

TEST_F(StoreActors, DoesNotKnowWhatBecameOfACommitThatThrew) {
  ASSERT_TRUE(ask<leases>(writer, take));
  story.throws = true;
  EXPECT_EQ(failure_of_batch(writer), ec::commit_unknown);
  EXPECT_EQ(failure<leases>(writer, take), ec::store_unavailable);
  story.throws = false;
  EXPECT_TRUE(ask<leases>(writer, take)); // The actor lives on.
}

TEST_F(StoreActors, WritesNoMoreOnAConnectionThatThrew) {
  ASSERT_TRUE(ask<leases>(writer, take));
  story.throws = true;
  EXPECT_EQ(failure_of_batch(writer), ec::commit_unknown);
  story.throws = false;
  EXPECT_EQ(failure_of_batch(writer), ec::store_unavailable);
}

TEST_F(StoreActors, PassesOnWhatTheReaderIsAskedFor) {
  EXPECT_TRUE(ask<recovered_stream>(reader, load{first}));
  const auto stream = ask<page>(reader, read_stream{first, 7, 8});
  EXPECT_EQ(stream->events.at(0).version, 7u);
  EXPECT_EQ(stream->events.at(0).offset, 8u);
  const auto shard = ask<page>(reader, read_shard{"order", 5, 6, 7});
  EXPECT_EQ(shard->events.at(0).shard, 5u);
  EXPECT_EQ(shard->events.at(0).offset, 6u);
  EXPECT_EQ(shard->events.at(0).version, 7u);
  EXPECT_EQ(ask<due_page>(reader, read_due{"order", time_point{}, wake_up{}, 3})->items.size(), 3u);
  EXPECT_EQ(ask<key_page>(reader, read_keys{"order", "a", 9})->keys, (std::vector<std::string>{"order", "a", "9"}));
  EXPECT_EQ(ask<position_page>(reader, read_positions{"bus", "order"})->items,
            (std::vector<outlet_position>{{7, 3, 5}}));
  const auto latest = ask<latest_events>(reader, read_latest{{"order", "o-1", "order.tested"}, 42, 8});
  EXPECT_EQ(latest->newest, 8u);
  EXPECT_EQ(latest->events.at(0).position, 42u);
  EXPECT_EQ(latest->events.at(0).event.stream, first);
  EXPECT_EQ(latest->events.at(0).event.type, "order.tested");
  EXPECT_EQ(*ask<due_count>(reader, read_due_count{"order", time_point{}}), due_count{});
  EXPECT_EQ(story.readers, 1);
}

/// A store of so many wake-ups, one a millisecond, that says nothing of their number.
class store_without_count final : public store_reader {
public:
  explicit store_without_count(int all) : all_(all) {}

  caf::expected<recovered_stream> load(const stream_name&) override { return recovered_stream{}; }
  caf::expected<std::vector<stored_event>> read_stream(const stream_name&, std::uint64_t, std::size_t) override {
    return std::vector<stored_event>{};
  }
  caf::expected<std::vector<stored_event>> read_shard(const std::string&, std::uint16_t, std::uint64_t,
                                                      std::size_t) override {
    return std::vector<stored_event>{};
  }
  caf::expected<std::vector<wake_up>> due(const std::string& context, time_point until,
                                          const std::optional<wake_up>& after, std::size_t limit) override {
    std::vector<wake_up> result;
    for (auto ms = after ? after->at.time_since_epoch().count() + 1 : 1; ms <= all_ && result.size() < limit; ++ms)
      if (const time_point at{duration{ms}}; at <= until)
        result.push_back({{context, "k"}, at});
    return result;
  }
  caf::expected<std::vector<outlet_position>> positions(const std::string&, const std::string&) override {
    return std::vector<outlet_position>{};
  }
  caf::expected<std::vector<std::string>> keys(const std::string&, const std::string&, std::size_t) override {
    return std::vector<std::string>{};
  }

private:
  int all_;
};

TEST(StoreReader, CountsWhatIsDueByReadingItWhereTheStoreDoesNotCount) {
  for (const int all : {0, 1, 999, 1'000, 2'500}) {
    const auto counted = store_without_count{all}.count_due("order", time_point{duration{2'000}});
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->count, static_cast<std::uint64_t>(std::min(all, 2'000))) << all;
    EXPECT_EQ(counted->oldest, all == 0 ? std::nullopt : std::optional{time_point{duration{1}}});
  }
  EXPECT_EQ(code_of(store_without_count{1}.latest({}, {}, 1).error()), ec::refused);
}

TEST_F(StoreActors, ReopensTheReaderAfterAFailure) {
  EXPECT_TRUE(ask<recovered_stream>(reader, load{first}));
  story.fails = true;
  EXPECT_EQ(failure<recovered_stream>(reader, load{first}), ec::store_damaged);
  story.fails = false;
  story.throws = true;
  EXPECT_EQ(failure<page>(reader, read_stream{first}), ec::store_unavailable);
  story.throws = false;
  story.fails_to_open = true;
  EXPECT_EQ(failure<page>(reader, read_stream{first}), ec::store_unavailable);
  story.fails_to_open = false;
  EXPECT_TRUE(ask<recovered_stream>(reader, load{first}));
  EXPECT_EQ(story.readers, 3);
}

} // namespace

} // namespace troupe::journal
