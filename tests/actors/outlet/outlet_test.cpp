// Outlets over a real journal and a store in memory: order per entity, and nothing lost, whatever fails.
#include "actors/entity/store_actors.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/topology.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <map>
#include <random>
#include <set>

namespace troupe::outlet {
namespace {

using namespace std::chrono_literals;

/// What a sink was given, and how it behaves.
struct sink_book {
  std::map<std::string, std::vector<std::uint64_t>> taken; // versions by entity, as they were taken
  std::vector<std::string> tried;                          // "entity/version"
  std::map<std::string, ec> refuses;                       // entities, or "entity/version"
  ec down{};                                               // of everything, while there is one
  bool holds = false;
  std::vector<caf::typed_response_promise<void>> held;
};

sink_actor::behavior_type make_sink(sink_actor::pointer self, std::shared_ptr<sink_book> book) {
  return {[self, book](const deliver& x) -> caf::result<void> {
    const auto& name = x.event->stream.key;
    const auto both = name + '/' + std::to_string(x.event->version);
    book->tried.push_back(both);
    if (book->down != ec{})
      return caf::make_error(book->down);
    for (const auto& key : {name, both})
      if (const auto found = book->refuses.find(key); found != book->refuses.end())
        return caf::make_error(found->second);
    if (book->holds)
      return book->held.emplace_back(self->make_response_promise<void>());
    book->taken[name].push_back(x.event->version);
    return caf::unit;
  }};
}

/// Leads to a journal that can be replaced, as a wire does.
journal::journal_actor::behavior_type make_front(journal::journal_actor::pointer self,
                                                 std::shared_ptr<journal::journal_actor> behind) {
  auto pass = [self, behind](auto& x) { return self->delegate(*behind, std::move(x)); };
  return {
    [pass](journal::append& x) { return pass(x); },       [pass](journal::load& x) { return pass(x); },
    [pass](journal::forget& x) { return pass(x); },       [pass](journal::read_stream& x) { return pass(x); },
    [pass](journal::read_shard& x) { return pass(x); },   [pass](journal::read_due& x) { return pass(x); },
    [pass](journal::read_keys& x) { return pass(x); },    [pass](journal::read_positions& x) { return pass(x); },
    [pass](journal::get_health& x) { return pass(x); },   [pass](journal::subscribe& x) { return pass(x); },
    [pass](journal::read_latest& x) { return pass(x); },  [pass](journal::read_due_count& x) { return pass(x); },
    [pass](journal::save_offsets& x) { return pass(x); },
  };
}

class Outlet : public test::deterministic_system {
protected:
  void SetUp() override {
    about.name = "bus";
    about.context = "inventory";
    about.types = {"inventory.adjusted"};
    rules.set({5, 5s, 1h, 10'000});
    start_node();
    start_outlet();
  }

  void TearDown() override {
    end_outlet();
    end_node();
    deterministic_system::TearDown();
  }

  void start_node() {
    const auto stores = simulated::make_store(disk);
    writer = sys.spawn(journal::make_writer, stores);
    reader = sys.spawn(journal::make_reader, stores);
    const auto clock = [this] { return now(); };
    start_journal();
    journal = sys.spawn(make_front, behind);
    env.journal = journal;
    env.now = clock;
    env.random = [] { return std::uint64_t{0}; };
    about.sink = sys.spawn(make_sink, book);
    letters.directory = spawn_letter_directory(sys, journal);
    letters.letters = spawn_letters(sys, env, letters.directory, replayers);
    parking_dependencies deps;
    deps.outlets = {{name_of(about.name, about.context), about}};
    deps.letters = letters.letters;
    deps.policy = rules;
    deps.pauses = board.published();
    parking = spawn_parked_events(sys, env, std::move(deps));
    replayer = spawn_outlet_replayer(sys, journal, parking);
    replayers.set({{dead_letter::source::outlet_gave_up, replayer}, {dead_letter::source::poisoned_event, replayer}});
    run();
  }

  void start_journal() {
    *behind = spawn_journal(sys, writer, reader, "node-1", [this] { return now(); });
  }

  template <class Handle> void end(Handle& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    x = nullptr;
  }

  void end_node() {
    replayers.set({});
    end(replayer);
    end(parking);
    end(letters.letters);
    end(letters.directory);
    end(about.sink);
    end(journal);
    end(*behind);
    end(writer);
    end(reader);
    env.journal = nullptr;
    run();
  }

  void start_outlet() {
    observer watch;
    watch.lags = [this](const std::string&, const std::string&, const lag& x) { last_lag = x; };
    watch.subscribed = [this](const std::string& name, const std::string& context,
                              const std::vector<std::string>& types) {
      for (const auto& x : types)
        subscriptions.push_back(name + " of " + context + ": " + x);
    };
    watch.troubled = [this](const std::string&, const std::string&, const caf::error& why) { troubles.push_back(why); };
    outlet = spawn_outlet(sys, about, {journal, parking, [this] { return now(); }, watch, board.published()});
    run();
  }

  void end_outlet() {
    end(outlet);
    run();
  }

  /// As after kill -9 of the node: nothing is left but the disk.
  void crash() {
    end_outlet();
    end_node();
    disk->crash();
    start_node();
    start_outlet();
  }

  void store(const std::string& entity, std::size_t events = 1, const std::string& type = "inventory.adjusted") {
    journal::append x;
    x.stream = {"inventory", entity};
    x.expected_version = versions[entity];
    x.recorded_at = now();
    for (; events > 0; --events)
      x.events.push_back({type, 1, R"({"available":1,"change":1})", {}});
    versions[entity] += x.events.size();
    EXPECT_TRUE(ask<journal::recovered_stream>(journal, journal::load{x.stream}));
    const auto stored = ask<journal::appended>(journal, std::move(x));
    EXPECT_TRUE(stored) << to_string(stored.error());
  }

  void wait(duration x) {
    for (; x > duration{0}; x -= 500ms)
      advance(500ms);
  }

  std::vector<std::uint64_t> upto(std::uint64_t last) const {
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 1; i <= last; ++i)
      out.push_back(i);
    return out;
  }

  status get() { return *ask<status>(outlet, get_status{}); }

  /// All letters that are open.
  std::vector<dead_letter::entry> open_letters() {
    return ask<dead_letter::letter_list>(letters.directory, dead_letter::list_letters{})->letters;
  }

  void pause() { board.put(bus, pause::paused{"they maintain it", "ada", now()}); }

  void resume() {
    board.put(bus, std::nullopt);
    caf::anon_send(outlet, look_again{});
    run();
  }

  const pause::target bus{pause::kind::outlet, "bus"};
  pause::registry board{pause::board{}};
  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  std::shared_ptr<sink_book> book = std::make_shared<sink_book>();
  live<policy> rules;
  live<dead_letter::replayers> replayers;
  definition about;
  entity::environment env;
  journal::writer_actor writer;
  journal::reader_actor reader;
  journal::journal_actor journal; // leads to `behind`
  std::shared_ptr<journal::journal_actor> behind = std::make_shared<journal::journal_actor>();
  parking_actor parking;
  dead_letters letters;
  dead_letter::replayer_actor replayer;
  outlet_actor outlet;
  lag last_lag;
  std::vector<std::string> subscriptions; // that it told of
  std::vector<caf::error> troubles;
  std::map<std::string, std::uint64_t> versions;
};

TEST_F(Outlet, PassesOnWhatIsCommittedAndNothingElse) {
  store("tea", 2);
  store("tea", 1, "inventory.low_stock");
  store("mug");
  EXPECT_EQ(book->taken["tea"], upto(2));
  EXPECT_EQ(book->taken["mug"], upto(1));
}

TEST_F(Outlet, CatchesUpWithWhatWasStoredBeforeIt) {
  end_outlet();
  for (int i = 0; i < 40; ++i)
    store("sku-" + std::to_string(i), 3);
  about.page_events = 2;
  start_outlet();
  wait(1s);
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(book->taken["sku-" + std::to_string(i)], upto(3));
  EXPECT_EQ(get().shards_behind, 0u);
}

TEST_F(Outlet, BeginsBehindItsMark) {
  store("tea", 3);
  wait(3s);
  crash();
  store("mug");
  EXPECT_EQ(book->taken["tea"], upto(3)) << "nothing came twice";
  EXPECT_EQ(book->taken["mug"], upto(1));
}

TEST_F(Outlet, RepeatsWhatItsMarkDoesNotHave) {
  store("tea", 2);
  crash(); // before the mark was saved
  EXPECT_EQ(book->taken["tea"], (std::vector<std::uint64_t>{1, 2, 1, 2}));
}

TEST_F(Outlet, LosesNothingThatWasOnItsWayWhenItEnds) {
  book->holds = true;
  store("tea", 2);
  store("mug");
  wait(3s);
  book->holds = false;
  book->held.clear();
  end_outlet();
  start_outlet();
  EXPECT_EQ(book->taken["tea"], upto(2));
  EXPECT_EQ(book->taken["mug"], upto(1));
}

TEST_F(Outlet, HasOneEventOfAnEntityOnItsWay) {
  book->holds = true;
  store("tea", 3);
  store("mug", 2);
  EXPECT_EQ(book->tried, (std::vector<std::string>{"tea/1", "mug/1"}));
}

TEST_F(Outlet, HearsOfAJournalThatWasStartedAnew) {
  store("tea");
  end(*behind);
  start_journal();
  run();
  store("tea");
  store("mug");
  EXPECT_EQ(book->taken["tea"], upto(1)) << "it knows nobody";
  wait(6s);
  EXPECT_EQ(book->taken["tea"], upto(2));
  EXPECT_EQ(book->taken["mug"], upto(1));
  store("tea");
  EXPECT_EQ(book->taken["tea"], upto(3));
}

TEST_F(Outlet, TellsToWhichTypesItSubscribedOnceForEachJournal) {
  EXPECT_EQ(subscriptions, std::vector<std::string>{"bus of inventory: inventory.adjusted"});
  wait(about.check_every + 1s);
  EXPECT_EQ(subscriptions.size(), 1u) << "it only looked whether it is known still";
  end(*behind);
  start_journal();
  wait(about.check_every + 1s);
  EXPECT_EQ(subscriptions.size(), 2u);
  EXPECT_TRUE(troubles.empty());
}

TEST_F(Outlet, TellsWhyItCannotSubscribe) {
  end_outlet();
  subscriptions.clear();
  about.context = "nothing";
  start_outlet();
  ASSERT_FALSE(troubles.empty());
  EXPECT_EQ(code_of(troubles.front()), ec::unknown_type);
  EXPECT_TRUE(subscriptions.empty());
}

TEST_F(Outlet, ReadsWhatARunDoesNotFollowOn) {
  store("tea");
  end(*behind);
  start_journal();
  run();
  store("tea", 2); // Nobody listens.
  const auto stored = ask<journal::page>(journal, journal::read_stream{{"inventory", "tea"}, 3, 1});
  const auto last = std::make_shared<const journal::stored_event>(stored->events.at(0));
  self->send(outlet, journal::notice{{journal::run{last->shard, last->offset - 1, {last}}}, {}, false});
  run();
  EXPECT_EQ(book->taken["tea"], upto(3));
}

TEST_F(Outlet, RetriesWithinADelivery) {
  book->refuses["tea"] = ec::unavailable;
  store("tea");
  EXPECT_EQ(book->tried.size(), 1u);
  advance(200ms);
  EXPECT_EQ(book->tried.size(), 2u);
  book->refuses.clear();
  advance(400ms);
  EXPECT_EQ(book->taken["tea"], upto(1));
  EXPECT_EQ(get().lag.parked, 0u);
}

TEST_F(Outlet, ParksAnEntityAndGoesOnWithTheOthers) {
  book->refuses["tea/1"] = ec::unavailable;
  store("tea", 2);
  store("mug");
  wait(3s);
  store("tea");
  EXPECT_EQ(book->taken["mug"], upto(1));
  EXPECT_TRUE(book->taken["tea"].empty()) << "later events wait behind the first";
  EXPECT_EQ(get().lag.parked, 1u);
  EXPECT_EQ(get().queued, 0u) << "the mark goes on";
  book->refuses.clear();
  wait(20s);
  EXPECT_EQ(book->taken["tea"], upto(3));
  EXPECT_EQ(get().lag.parked, 0u);
  store("tea");
  EXPECT_EQ(book->taken["tea"], upto(4)) << "directly again";
}

TEST_F(Outlet, RemembersWhatIsParkedAfterACrash) {
  book->refuses["tea/1"] = ec::unavailable;
  store("tea", 2);
  wait(4s);
  crash();
  store("tea");
  EXPECT_TRUE(book->taken["tea"].empty());
  book->refuses.clear();
  wait(30s);
  EXPECT_EQ(book->taken["tea"], upto(3));
}

TEST_F(Outlet, MakesADeadLetterOfWhatIsNotTakenInFiveDeliveries) {
  book->refuses["tea/1"] = ec::unavailable;
  store("tea", 2);
  wait(200s);
  EXPECT_EQ(book->taken["tea"], (std::vector<std::uint64_t>{2})) << "the next one goes on";
  EXPECT_EQ(std::count(book->tried.begin(), book->tried.end(), "tea/1"), 3 + 4) << "three tries, then four deliveries";
  const auto found = open_letters();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].cause,
            (dead_letter::cause{dead_letter::source::outlet_gave_up, "unavailable", "outlet/bus/inventory"}));
  EXPECT_EQ(found[0].attempts, 5u);
}

TEST_F(Outlet, IsNotHeldUpByAPoisonedEvent) {
  end_outlet();
  end_node();
  about.form = [](const journal::stored_event& x) -> caf::expected<std::optional<public_event>> {
    if (x.stream.key == "bad" && x.version == 1)
      return caf::make_error(ec::unknown_type);
    if (x.stream.key == "dumb")
      return std::optional<public_event>{};
    return std::optional{make_public_event(x, "InventoryUpdated", "{}")};
  };
  start_node();
  start_outlet();
  store("bad", 2);
  store("dumb", 2);
  store("tea");
  wait(2s);
  EXPECT_EQ(book->taken["tea"], upto(1));
  EXPECT_EQ(book->taken["bad"], (std::vector<std::uint64_t>{2}));
  EXPECT_FALSE(book->taken.contains("dumb")) << "it has no public form";
  const auto found = open_letters();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].cause.source, dead_letter::source::poisoned_event);
}

TEST_F(Outlet, DoesNotParkEverythingWhenItsSinkIsDown) {
  about.failures_max = 4;
  end_outlet();
  start_outlet();
  book->down = ec::unavailable;
  for (int i = 0; i < 30; ++i)
    store("sku-" + std::to_string(i));
  wait(60s);
  EXPECT_LE(get().lag.parked, 4u);
  EXPECT_GE(get().lag.events, 26u);
  EXPECT_TRUE(last_lag.oldest);
  book->down = {};
  wait(400s);
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(book->taken["sku-" + std::to_string(i)], upto(1)) << i;
  EXPECT_EQ(get().lag.events, 0u);
}

TEST_F(Outlet, LeavesWhatIsTooMuchForItInTheStore) {
  about.queued_max = 4;
  about.page_events = 2;
  end_outlet();
  start_outlet();
  book->holds = true;
  for (int i = 0; i < 20; ++i)
    store("tea");
  EXPECT_LE(get().queued, 4u);
  EXPECT_EQ(get().lag.events, 20u);
  book->holds = false;
  caf::anon_send(caf::actor_cast<caf::actor>(about.sink), caf::make_action([book = book] {
                   for (auto& x : std::exchange(book->held, {})) {
                     book->taken["tea"].push_back(1);
                     x.deliver();
                   }
                 }));
  wait(2s);
  EXPECT_EQ(book->taken["tea"], upto(20));
}

TEST_F(Outlet, PassesOnAReplayedLetterOnceMore) {
  book->refuses["tea/1"] = ec::refused;
  store("tea", 2);
  wait(2s);
  const auto found = open_letters();
  ASSERT_EQ(found.size(), 1u);
  book->refuses.clear();
  const request_context operator_context{"operator", {}, time_point::max()};
  auto asked = self->request(letters.letters, caf::infinite, operator_context,
                             dead_letter::replay{found[0].id, "the sink was repaired", {}});
  run();
  asked.receive([](const dead_letter::view&) {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  wait(2s);
  EXPECT_EQ(book->taken["tea"], (std::vector<std::uint64_t>{2, 1}));
  EXPECT_TRUE(open_letters().empty());
}

// Whatever is refused for a while, whoever crashes when: each entity's events come in order, and all of them.
TEST_F(Outlet, LosesAndReordersNothingWhateverFails) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    about.page_events = 1 + random() % 5;
    about.queued_max = about.page_events + random() % 20;
    about.failures_max = 3 + static_cast<std::uint32_t>(random() % 5);
    rules.set({1'000'000, 2s, 20s, 10'000});
    crash();
    book->taken.clear();
    std::map<std::string, std::uint64_t> before = versions;
    for (int step = 0; step < 120; ++step) {
      const auto entity = "sku-" + std::to_string(random() % 6);
      switch (random() % 10) {
        case 0: book->refuses[entity] = random() % 2 == 0 ? ec::unavailable : ec::timed_out; break;
        case 1: book->refuses.clear(); break;
        case 2: book->down = book->down == ec{} ? ec::unavailable : ec{}; break;
        case 3:
          if (random() % 4 == 0)
            crash();
          break;
        case 4:
          end_outlet();
          start_outlet();
          break;
        case 5:
          end(*behind);
          start_journal();
          run();
          break;
        case 6: wait(duration{static_cast<std::int64_t>(random() % 4'000)}); break;
        default: store(entity, 1 + random() % 3, random() % 4 == 0 ? "inventory.low_stock" : "inventory.adjusted");
      }
    }
    book->refuses.clear();
    book->down = {};
    wait(120s);
    EXPECT_EQ(get().lag.events, 0u);
    for (const auto& [entity, last] : versions) {
      journal::read_stream all{{"inventory", entity}, before[entity] + 1, 1'000};
      std::vector<std::uint64_t> expected;
      const auto stored = ask<journal::page>(journal, all);
      ASSERT_TRUE(stored) << to_string(stored.error());
      for (const auto& x : stored->events)
        if (x.type == "inventory.adjusted")
          expected.push_back(x.version);
      std::vector<std::uint64_t> first_times;
      std::set<std::uint64_t> seen;
      for (const auto version : book->taken[entity])
        if (version > before[entity] && seen.insert(version).second)
          first_times.push_back(version);
      EXPECT_EQ(first_times, expected) << entity;
    }
  }
}

// ---- pauses --------------------------------------------------------------------------------------------------------

TEST_F(Outlet, HandsNothingOverWhileItIsPausedAndAllOfItOnceAfterwards) {
  pause();
  store("tea", 3);
  store("mug");
  wait(60s);
  EXPECT_TRUE(book->tried.empty());
  EXPECT_EQ(last_lag.events, 4u);
  EXPECT_TRUE(last_lag.paused);
  resume();
  EXPECT_EQ(book->taken["tea"], upto(3));
  EXPECT_EQ(book->taken["mug"], upto(1));
  EXPECT_EQ(book->tried.size(), 4u);
  wait(1s);
  EXPECT_FALSE(last_lag.paused);
}

TEST_F(Outlet, StaysPausedOverACrashAndLosesNothing) {
  pause();
  store("tea", 2);
  wait(3s);
  crash();
  store("tea");
  wait(3s);
  EXPECT_TRUE(book->tried.empty());
  resume();
  EXPECT_EQ(book->taken["tea"], upto(3));
}

TEST_F(Outlet, StandsStillUntilItIsKnownWhatIsPaused) {
  end_outlet();
  auto unknown = std::make_shared<pause::registry>();
  outlet = spawn_outlet(sys, about, {journal, parking, [this] { return now(); }, {}, unknown->published()});
  store("tea");
  wait(3s);
  EXPECT_TRUE(book->tried.empty());
  unknown->know({});
  wait(1s);
  EXPECT_EQ(book->taken["tea"], upto(1)) << "nobody has to tell it";
}

TEST_F(Outlet, FinishesWhatIsUnderWayWhenItIsPausedAndTriesNothingAgain) {
  book->holds = true;
  store("tea", 2);
  pause();
  ASSERT_EQ(book->held.size(), 1u);
  caf::anon_send(caf::actor_cast<caf::actor>(about.sink), caf::make_action([book = book] {
                   for (auto& x : std::exchange(book->held, {}))
                     x.deliver(caf::make_error(ec::unavailable));
                 }));
  wait(600s);
  EXPECT_EQ(book->tried.size(), 1u);
  EXPECT_EQ(get().lag.parked, 0u);
  book->holds = false;
  resume();
  EXPECT_EQ(book->taken["tea"], upto(2));
}

TEST_F(Outlet, GivesNothingUpThatIsParkedWhileItIsPaused) {
  book->refuses["tea"] = ec::unavailable;
  store("tea", 2);
  wait(3s);
  ASSERT_EQ(get().lag.parked, 1u);
  pause();
  const auto tried = book->tried.size();
  for (int i = 0; i < 12; ++i)
    advance(1h);
  EXPECT_EQ(book->tried.size(), tried);
  EXPECT_TRUE(open_letters().empty());
  book->refuses.clear();
  resume();
  wait(62s);
  EXPECT_EQ(book->taken["tea"], upto(2));
  EXPECT_TRUE(open_letters().empty());
}

} // namespace
} // namespace troupe::outlet
