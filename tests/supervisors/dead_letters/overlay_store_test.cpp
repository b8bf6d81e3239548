// A store over another one that nothing is written to.
#include "supervisors/dead_letters/overlay_store.hpp"

#include "adapters/simulated_store/simulated_store.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

using namespace journal;
using namespace std::chrono_literals;

constexpr time_point noon{1'772'366'400'000ms};
const stream_name known{"order", "o-1"};
const std::vector<std::string> contexts{"order", "pause"};

/// What is written next to a stream, at that version and the next offset of its shard.
write next(const std::vector<lease>& leases, const stream_name& stream, std::uint64_t version,
           std::uint64_t further = 0) {
  write result;
  result.stream = stream;
  for (const auto& x : leases)
    if (x.context == stream.context && x.shard == stream.shard()) {
      result.epoch = x.epoch;
      stored_event e;
      e.stream = stream;
      e.version = version;
      e.shard = stream.shard();
      e.offset = x.next_offset + further;
      e.type = stream.context + ".changed";
      e.data = "{}";
      result.events.push_back(e);
    }
  return result;
}

class OverlayStore : public ::testing::Test {
protected:
  OverlayStore() {
    const auto writer = below->open_writer();
    const auto leases = (*writer)->acquire(contexts, "node-1");
    auto first = next(*leases, known, 1);
    first.wake_up = wake_up_change{noon};
    auto paused = next(*leases, {"pause", "saga/order"}, 1);
    paused.wake_up = wake_up_change{noon};
    EXPECT_TRUE((*writer)->commit(std::vector<write>{first, paused}));
    leased = *(*over_writer)->acquire(contexts, "rehearsal");
  }

  caf::error commit(std::vector<write> batch) {
    const auto result = (*over_writer)->commit(batch);
    return result ? caf::error{} : result.error();
  }

  std::size_t due(const std::string& context) { return (*over_reader)->due(context, noon + 1h, {}, 100)->size(); }

  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  std::shared_ptr<store_factory> below = simulated::make_store(disk);
  std::shared_ptr<overlay> over = std::make_shared<overlay>(below);
  std::shared_ptr<store_factory> stores = make_store(over, {"pause"});
  caf::expected<std::unique_ptr<store_writer>> over_writer = stores->open_writer();
  caf::expected<std::unique_ptr<store_reader>> over_reader = stores->open_reader();
  std::vector<lease> leased;
};

TEST_F(OverlayStore, FindsStreamsWithWhatWasWrittenOverThem) {
  EXPECT_FALSE(commit({next(leased, known, 2)}));
  EXPECT_EQ((*over_reader)->load(known)->version(), 2u);
  EXPECT_EQ((*over_reader)->read_stream(known, 2, 10)->size(), 1u);
  EXPECT_EQ((*over_reader)->read_stream(known, 1, 10)->size(), 2u);
  EXPECT_EQ((*over_reader)->keys("order", "", 10)->size(), 1u);
  EXPECT_EQ(over->written().size(), 1u);
  EXPECT_EQ(disk->events(), 2u) << "nothing is written below";
  EXPECT_EQ(disk->commits(), 1u);
}

TEST_F(OverlayStore, RefusesWhatDoesNotFollowAndStoresNothingOfIt) {
  EXPECT_EQ(commit({next(leased, {"order", "o-2"}, 1), next(leased, known, 1)}), ec::version_conflict);
  EXPECT_TRUE(over->written().empty());
  EXPECT_EQ((*over_reader)->load({"order", "o-2"})->version(), 0u);
  EXPECT_FALSE(commit({next(leased, known, 2), next(leased, known, 3, 1)}));
}

TEST_F(OverlayStore, DoesNotSeeWhatComesToBeBelowLater) {
  EXPECT_FALSE(commit({next(leased, known, 2)}));
  const auto writer = below->open_writer();
  const auto leases = (*writer)->acquire(contexts, "node-1");
  EXPECT_TRUE((*writer)->commit(std::vector<write>{next(*leases, known, 2)}));
  EXPECT_EQ((*over_reader)->load(known)->events.size(), 2u);
  EXPECT_EQ((*over_reader)->read_stream(known, 1, 10)->size(), 2u);
}

TEST_F(OverlayStore, WakesNobodyOfBelowButThoseWhoAreShown) {
  EXPECT_EQ(due("order"), 0u);
  EXPECT_EQ(due("pause"), 1u);
  auto own = next(leased, {"order", "o-2"}, 1);
  own.wake_up = wake_up_change{noon};
  EXPECT_FALSE(commit({own}));
  EXPECT_EQ(due("order"), 1u);
}

TEST_F(OverlayStore, WakesWhoeverIsShownOnceByWhatWasWrittenOverIt) {
  auto again = next(leased, {"pause", "saga/order"}, 2);
  again.wake_up = wake_up_change{noon};
  EXPECT_FALSE(commit({again}));
  EXPECT_EQ(due("pause"), 1u);
}

TEST_F(OverlayStore, TakesNothingFromAWriterWhoseShardsAreAnothers) {
  const auto older = leased;
  leased = *(*over_writer)->acquire(contexts, "rehearsal");
  const auto results = (*over_writer)->commit(std::vector<write>{next(older, known, 2)}, {});
  ASSERT_TRUE(results);
  EXPECT_EQ(results->at(0), write_result::shard_lost);
  EXPECT_TRUE(over->written().empty());
}

TEST_F(OverlayStore, GivesOutletsOnlyWhatIsNew) {
  EXPECT_TRUE((*over_reader)->positions("email", "order")->empty());
  EXPECT_FALSE(commit({next(leased, known, 2)}));
  const auto at = (*over_reader)->positions("email", "order");
  ASSERT_EQ(at->size(), 1u);
  EXPECT_EQ(at->at(0).last, at->at(0).saved + 1);
  EXPECT_EQ((*over_reader)->read_shard("order", known.shard(), 1, 10)->size(), 1u);
}

} // namespace
} // namespace troupe
