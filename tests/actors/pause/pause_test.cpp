#include "actors/pause/pause.hpp"

#include "actors/pause/board.hpp"
#include "actors/pause/pause_actor.hpp"
#include "actors/pause/stored.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <variant>

namespace troupe::pause {
namespace {

using namespace std::chrono_literals;
using events = std::vector<event>;

constexpr auto instant = time_point{1'772'366'400'123ms}; // 2026-03-01T12:00:00.123Z
const target rest{kind::provider, "rest"};
const paused maintained{"it maintains its system", "operator", instant};

TEST(PauseTarget, IsNamedByItsKind) {
  for (const auto* text : {"provider/rest", "outlet/webhooks", "saga/order", "order/0195c2f0-0000-7000"}) {
    const auto x = parse_target(text);
    ASSERT_TRUE(x) << text;
    EXPECT_EQ(to_string(*x), text);
  }
  for (const auto* text : {"", "provider", "provider/", "saga/refund", "shop/1", "/rest"})
    EXPECT_FALSE(parse_target(text)) << text;
  EXPECT_FALSE(parse_target("order/" + std::string(name_bytes_max + 1, 'x')));
}

TEST(PauseDecide, PausesOnceAndResumesOnce) {
  const state going;
  EXPECT_EQ(decide(going, begin{rest, maintained.reason}, "operator", instant), decision{events{maintained}});
  const state still{maintained, {}};
  EXPECT_EQ(decide(still, begin{rest, maintained.reason}, "other", instant + 1h), decision{events{}});
  EXPECT_EQ(decide(still, resume{rest, "it is back"}, "operator"),
            decision{(events{resumed{"it is back", "operator"}})});
  EXPECT_EQ(decide(going, resume{rest, "it is back"}, "operator"), decision{events{}});
}

TEST(PauseDecide, TakesANewReasonAndKeepsSinceWhen) {
  EXPECT_EQ(decide(state{maintained, {}}, begin{rest, "longer than they said"}, "other", instant + 1h),
            decision{(events{paused{"longer than they said", "other", instant}})});
}

TEST(PauseDecide, WantsAReason) {
  EXPECT_EQ(decide(state{}, begin{rest, ""}, "operator", instant), decision{rejection::no_reason});
  EXPECT_EQ(decide(state{maintained, {}}, resume{rest, ""}, "operator"), decision{rejection::no_reason});
}

// ---- when it stood still -------------------------------------------------------------------------------------------

TEST(PauseState, RemembersWhenItStoodStill) {
  state s;
  s.apply(maintained, instant);
  EXPECT_TRUE(s.ended.empty()) << "it does so still";
  s.apply(paused{"longer", "ada", instant}, instant + 1h);
  s.apply(resumed{"it is back", "operator"}, instant + 2h);
  EXPECT_FALSE(s.is);
  EXPECT_EQ(s.ended, (std::vector<span>{{instant, instant + 2h}}));
  EXPECT_EQ(stood_still(s.ended, instant - 1h, instant + 3h), 2h);
  EXPECT_EQ(stood_still(s.ended, instant + 30min, instant + 1h), 30min);
  EXPECT_EQ(stood_still(s.ended, instant + 2h, instant + 3h), 0h);
}

TEST(PauseState, RemembersALotOfPausesAsLessAndNoTimeAsNone) {
  state s;
  const auto pauses = static_cast<int>(spans_max) + 10;
  for (int i = 0; i < pauses; ++i) {
    s.apply(paused{"again", "ada", instant + i * 1h}, instant + i * 1h);
    s.apply(resumed{"it is back", "ada"}, instant + i * 1h + 1min);
  }
  EXPECT_EQ(s.ended.size(), spans_max);
  EXPECT_EQ(s.ended.front().from, instant);
  EXPECT_GE(stood_still(s.ended, instant, instant + pauses * 1h), pauses * 1min);
}

journal::stored_event stored(std::string type, std::string data, std::uint16_t schema = 1) {
  journal::stored_event x;
  x.stream = {"pause", "provider/rest"};
  x.type = std::move(type);
  x.schema = schema;
  x.data = std::move(data);
  return x;
}

TEST(PauseStored, WritesAndReadsTheFrozenForms) {
  const std::pair<event, std::string> samples[] = {{maintained, "paused"},
                                                   {resumed{"it is back", "operator"}, "resumed"}};
  static_assert(std::size(samples) == std::variant_size_v<event>);
  for (const auto& [value, type] : samples) {
    const auto frozen = test::golden("pause/" + type + ".1.json");
    EXPECT_EQ(encode(value).type, "pause." + type);
    EXPECT_EQ(encode(value).data, frozen);
    const auto read = decode(stored("pause." + type, frozen));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, value);
    EXPECT_EQ(decode(stored("pause." + type, frozen, 2)).error(), ec::unknown_type);
    EXPECT_EQ(decode(stored("pause." + type, "{}")).error(), ec::store_damaged);
  }
  EXPECT_EQ(decode(stored("pause.teleported", "{}")).error(), ec::unknown_type);
}

TEST(PauseStored, WritesAndReadsTheFrozenSnapshot) {
  const state s{maintained, {{instant - 2h, instant - 1h}}};
  const auto frozen = test::golden("pause/snapshot.2.json");
  EXPECT_EQ(encode_snapshot(s), frozen);
  EXPECT_EQ(*decode_snapshot(frozen, 2), s);
  EXPECT_EQ(*decode_snapshot(encode_snapshot({}), 2), state{});
  EXPECT_EQ(decode_snapshot("{}", 2).error(), ec::store_damaged);
  EXPECT_EQ(decode_snapshot(frozen, 3).error(), ec::unknown_type);
}

TEST(PauseStored, ReadsTheSnapshotsOfOlderReleases) {
  EXPECT_EQ(*decode_snapshot(test::golden("pause/snapshot.1.json"), 1), (state{maintained, {}}));
  EXPECT_EQ(*decode_snapshot("null", 1), state{});
  EXPECT_EQ(decode_snapshot("{}", 1).error(), ec::store_damaged);
}

TEST(PauseRejection, HasANameForEachCode) {
  for (std::uint8_t value = 1; value <= static_cast<std::uint8_t>(rejection::too_many); ++value) {
    rejection x;
    ASSERT_TRUE(from_integer(value, x));
    rejection read;
    ASSERT_TRUE(from_string(to_string(x), read));
    EXPECT_EQ(read, x);
  }
}

// ---- the board -----------------------------------------------------------------------------------------------------

TEST(PauseBoard, TellsWhatIsPausedToAllWhoHaveIt) {
  registry at{board{}};
  const auto seen = at.published();
  EXPECT_TRUE(seen->is_clear());
  at.put(rest, maintained);
  EXPECT_FALSE(seen->is_clear());
  ASSERT_TRUE(seen->find(kind::provider, "rest"));
  EXPECT_EQ(*seen->find(kind::provider, "rest"), maintained);
  EXPECT_FALSE(seen->find(kind::provider, "stripe"));
  EXPECT_FALSE(seen->find(kind::outlet, "rest"));
  at.put(rest, std::nullopt);
  EXPECT_TRUE(seen->is_clear());
}

TEST(PauseBoard, CountsEverythingAsPausedUntilItIsKnown) {
  registry at;
  EXPECT_TRUE(at.published()->stops(kind::outlet, "webhooks"));
  EXPECT_FALSE(at.published()->is_clear());
  at.know({{rest, maintained}});
  EXPECT_FALSE(at.published()->stops(kind::outlet, "webhooks"));
  EXPECT_TRUE(at.published()->stops(kind::provider, "rest"));
}

TEST(PauseBoard, TrustsWhatWasPutUpMoreThanWhatWasFound) {
  registry at;
  const target stripe{kind::provider, "stripe"};
  at.put(rest, std::nullopt); // resumed, and found as it was before
  at.put(stripe, maintained);
  at.know({{rest, maintained}});
  EXPECT_FALSE(at.published()->find(kind::provider, "rest"));
  EXPECT_TRUE(at.published()->find(kind::provider, "stripe"));
}

TEST(PauseBoard, KnowsForHowLongOutletsAndProvidersStoodStill) {
  registry at;
  const target bus{kind::outlet, "bus"};
  const std::vector<span> hour{{instant, instant + 1h}};
  at.know({}, {{rest, hour}, {bus, hour}, {{kind::saga, "order"}, hour}});
  const auto seen = at.published();
  EXPECT_TRUE(seen->is_clear());
  EXPECT_EQ(seen->stood_still(kind::provider, "rest", instant + 15min, instant + 2h), 45min);
  EXPECT_EQ(seen->stood_still(kind::provider, "stripe", instant, instant + 2h), 0h);
  EXPECT_EQ(seen->stood_still(kind::saga, "order", instant, instant + 2h), 0h) << "orders know it themselves";
  at.put(bus, std::nullopt, {{instant, instant + 1h}, {instant + 2h, instant + 4h}});
  EXPECT_EQ(seen->stood_still(kind::outlet, "bus", instant, instant + 5h), 3h);
}

TEST(PauseBoard, TellsEachChangeOnce) {
  registry at;
  std::vector<std::string> told;
  at.observe(
    [&](const target& what, const std::optional<paused>& how) { told.push_back((how ? "+" : "-") + to_string(what)); });
  at.know({{rest, maintained}});
  at.put(rest, maintained);
  at.put(rest, std::nullopt);
  at.put(rest, std::nullopt);
  EXPECT_EQ(told, (std::vector<std::string>{"+provider/rest", "-provider/rest"}));
}

TEST(PauseBoard, GoesByTheLatestVersionWhoeverTellsIt) {
  registry at{board{}};
  std::vector<std::uint64_t> announced;
  at.announce([&](const fact& x) { announced.push_back(x.version); });
  at.put({rest, maintained, {}, 3}, true);
  at.put({rest, std::nullopt, {}, 2}, false); // late
  EXPECT_TRUE(at.published()->find(kind::provider, "rest"));
  at.put({rest, std::nullopt, {}, 4}, false);
  EXPECT_FALSE(at.published()->find(kind::provider, "rest"));
  at.put({rest, std::nullopt, {}, 4}, true); // what others know already
  EXPECT_EQ(announced, (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(at.facts(), (std::vector<fact>{{rest, std::nullopt, {}, 4}}));
}

} // namespace
} // namespace troupe::pause
