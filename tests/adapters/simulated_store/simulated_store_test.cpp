#include "adapters/simulated_store/simulated_store.hpp"

#include "tests/support/store_owner.hpp"

namespace troupe::simulated {

namespace {

using namespace journal;
using test::failure_of;
using test::first_noon;
using test::store_owner;
using test::value_of;

const stream_name first{"order", "o-1"};
const std::vector<std::string> contexts{"order"};

/// Answers each commit with the next fate, then with `durable`.
class planned final : public faults {
public:
  explicit planned(std::vector<commit_fate> fates) : fates_(std::move(fates)) {}

  commit_fate on_commit(std::span<const write>) override {
    return next_ < fates_.size() ? fates_[next_++] : commit_fate::durable;
  }
  bool fails_to_open() override { return !opens; }
  bool fails_to_read() override { return !reads; }

  bool opens = true;
  bool reads = true;

private:
  std::vector<commit_fate> fates_;
  std::size_t next_ = 0;
};

class SimulatedStore : public ::testing::Test {
protected:
  void open() {
    owner.reset();
    writer = value_of(stores->open_writer());
    owner.emplace(*writer, contexts);
    const auto version = value_of(value_of(stores->open_reader())->load(first)).version();
    owner->set_version(first, version);
  }

  std::uint64_t version() { return value_of(value_of(stores->open_reader())->load(first)).version(); }

  std::shared_ptr<disk> medium = std::make_shared<disk>();
  std::shared_ptr<store_factory> stores = make_store(medium);
  std::unique_ptr<store_writer> writer;
  std::optional<store_owner> owner;
};

TEST_F(SimulatedStore, ForgetsThePlacesOfEventsThatACrashDropped) {
  medium->set_faults(std::make_shared<planned>(std::vector{commit_fate::durable, commit_fate::unsynced}));
  open();
  owner->store(first, 1);
  owner->store(first, 2);
  const auto newest = [&] { return value_of(value_of(stores->open_reader())->latest({}, {}, 10)).newest; };
  EXPECT_EQ(newest(), 3u);
  medium->crash();
  EXPECT_EQ(newest(), 1u);
}

TEST_F(SimulatedStore, KeepsWhatItAcknowledgedThroughACrash) {
  open();
  const auto stored = owner->store(first, 3);
  medium->crash();
  EXPECT_EQ(value_of(value_of(stores->open_reader())->load(first)).events, stored);
}

TEST_F(SimulatedStore, ClosesItsConnectionsInACrash) {
  open();
  auto reader = value_of(stores->open_reader());
  medium->crash();
  EXPECT_EQ(failure_of(owner->commit({owner->make(first, 1)})), ec::store_unavailable);
  EXPECT_EQ(failure_of(reader->load(first)), ec::store_unavailable);
  open();
  owner->store(first, 1);
}

TEST_F(SimulatedStore, LosesInACrashWhatALyingDiskDidNotSync) {
  open();
  auto x = owner->make(first, 2);
  x.snapshot = snapshot{1, 1, "old", first_noon};
  x.wake_up = wake_up_change{first_noon};
  ASSERT_TRUE(owner->commit({x}));
  medium->set_faults(std::make_shared<planned>(std::vector{commit_fate::unsynced, commit_fate::unsynced}));
  auto lost = owner->make(first, 2);
  lost.snapshot = snapshot{4, 1, "new", first_noon};
  lost.wake_up = wake_up_change{};
  ASSERT_TRUE(owner->commit({lost}));
  ASSERT_TRUE(owner->commit({owner->make(first, 1), owner->make({"order", "o-2"}, 1)}));
  EXPECT_EQ(version(), 5u); // Until then it can be read.
  medium->crash();
  const auto reader = value_of(stores->open_reader());
  EXPECT_EQ(value_of(reader->load(first)).base, x.snapshot);
  EXPECT_EQ(value_of(reader->read_stream(first, 1, 10)), x.events);
  EXPECT_EQ(value_of(reader->read_shard("order", first.shard(), 1, 10)), x.events);
  EXPECT_EQ(value_of(reader->due("order", first_noon, {}, 10)).size(), 1u);
  EXPECT_EQ(value_of(reader->keys("order", "", 10)), std::vector<std::string>{"o-1"});
  EXPECT_EQ(medium->events(), 2u);
  open();
  EXPECT_EQ(owner->lease_of(first).next_offset, 3u);
}

TEST_F(SimulatedStore, SyncsWhatWasWrittenBeforeWithTheNextHonestCommit) {
  open();
  medium->set_faults(std::make_shared<planned>(std::vector{commit_fate::unsynced}));
  owner->store(first, 1);
  owner->store(first, 1);
  medium->crash();
  EXPECT_EQ(version(), 2u);
}

TEST_F(SimulatedStore, StoresNothingOnAFullDisk) {
  open();
  medium->set_faults(std::make_shared<planned>(std::vector{commit_fate::full}));
  const auto x = owner->make(first, 1);
  EXPECT_EQ(failure_of(owner->commit({x})), ec::store_unavailable);
  EXPECT_EQ(version(), 0u);
  EXPECT_TRUE(owner->commit({x}));
}

TEST_F(SimulatedStore, DoesNotTellWhetherAFailedSyncStoredAnything) {
  for (const auto fate : {commit_fate::lost, commit_fate::unknown}) {
    open();
    const auto before = version();
    medium->set_faults(std::make_shared<planned>(std::vector{fate}));
    const auto x = owner->make(first, 1);
    EXPECT_EQ(failure_of(owner->commit({x})), ec::commit_unknown);
    EXPECT_EQ(failure_of(owner->commit({x})), ec::store_unavailable); // Until it is opened again.
    EXPECT_EQ(version(), before + (fate == commit_fate::unknown ? 1 : 0));
  }
}

TEST_F(SimulatedStore, CannotBeOpenedOrReadWhileItsDiskIsAway) {
  open();
  auto reader = value_of(stores->open_reader());
  auto away = std::make_shared<planned>(std::vector<commit_fate>{});
  medium->set_faults(away);
  away->opens = false;
  EXPECT_EQ(failure_of(stores->open_writer()), ec::store_unavailable);
  EXPECT_EQ(failure_of(stores->open_reader()), ec::store_unavailable);
  away->reads = false;
  EXPECT_EQ(failure_of(reader->load(first)), ec::store_unavailable);
  medium->set_faults(nullptr);
  EXPECT_TRUE(reader->load(first));
}

TEST_F(SimulatedStore, FindsADamagedEventWhenItVerifies) {
  open();
  owner->store(first, 2);
  medium->find(first, 2)->data = "{\"changed\":true}";
  EXPECT_EQ(version(), 2u);
  medium->verify_checksums(true);
  EXPECT_EQ(failure_of(value_of(stores->open_reader())->load(first)), ec::store_damaged);
  EXPECT_EQ(failure_of(value_of(stores->open_reader())->latest({}, {}, 10)), ec::store_damaged);
  EXPECT_EQ(medium->find(first, 3), nullptr);
}

} // namespace

} // namespace troupe::simulated
