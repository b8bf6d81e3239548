// What may be done with a dead letter, and with a job that replays many.
#include "actors/dead_letter/stored.hpp"
#include "actors/kernel/caf.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

namespace troupe::dead_letter {
namespace {

using namespace std::chrono_literals;

const time_point noon{std::chrono::seconds{1'700'000'000}};
const letter_id lost = id_of("outlet/bus/order/o-1/7");

letter sample() {
  letter x;
  x.source = source::outlet_gave_up;
  x.code = "refused";
  x.place = "outlet/bus/order";
  x.summary = "order.placed was not taken";
  x.about = {"order", "o-1", 7, "o-1/charge/1"};
  x.sealed = std::string{"\x00\xff\x7f", 3};
  x.attempts = 5;
  x.origin = "anonymous";
  x.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return x;
}

state after(const std::vector<event>& events) {
  state s;
  for (const auto& e : events)
    s.apply(e, noon);
  return s;
}

std::vector<event> events_of(const decision& x) {
  EXPECT_EQ(x.index(), 0u);
  return x.index() == 0 ? std::get<0>(x) : std::vector<event>{};
}

const event asked = replay_requested{"repaired", "operator", ""};

TEST(DeadLetterDecide, RecordsALetterOnce) {
  const auto events = events_of(decide({}, record{lost, sample()}));
  EXPECT_EQ(events, std::vector<event>{recorded{sample()}});
  auto s = after(events);
  EXPECT_EQ(s.status, status::open);
  EXPECT_TRUE(events_of(decide(s, record{lost, {}})).empty());
  s.apply(discarded{"old", "operator"}, noon);
  EXPECT_TRUE(events_of(decide(s, record{lost, sample()})).empty()) << "what was let go does not come back";
}

TEST(DeadLetterDecide, OpensALetterAgainThatIsGivenUpAgain) {
  auto once_more = sample();
  once_more.code = "expired";
  once_more.attempts = 9;
  for (const auto& before : std::vector<std::vector<event>>{{recorded{sample()}},
                                                            {recorded{sample()}, asked},
                                                            {recorded{sample()}, asked, replayed{1}},
                                                            {recorded{sample()}, discarded{"old", "operator"}}}) {
    auto s = after(before);
    const auto events = events_of(decide(s, record{lost, once_more, 2}));
    EXPECT_EQ(events, (std::vector<event>{recurred{2, "expired", once_more.summary, 9}}));
    s.apply(events.at(0), noon + 1h);
    EXPECT_EQ(s.status, status::open);
    EXPECT_EQ(s.occurrences, 2u);
    EXPECT_EQ(s.letter.code, "expired");
    EXPECT_EQ(s.recorded_at, noon + 1h);
    EXPECT_TRUE(events_of(decide(s, record{lost, once_more, 2})).empty()) << "told twice";
    EXPECT_TRUE(events_of(decide(s, record{lost, sample(), 1})).empty()) << "told late";
    EXPECT_TRUE(events_of(decide(s, note_replay{1, {}})).empty()) << "of the replay that came to this";
  }
}

TEST(DeadLetterDecide, CountsWhatWasGivenUpBeforeItsFirstLetter) {
  const auto s = after(events_of(decide({}, record{lost, sample(), 3})));
  EXPECT_EQ(s.status, status::open);
  EXPECT_EQ(s.occurrences, 3u);
}

TEST(DeadLetterDecide, CutsWhatIsTooLongBetweenCharacters) {
  auto x = sample();
  x.summary = std::string(summary_max - 1, 'x') + "\xc3\xa9\xc3\xa9";
  const auto events = events_of(decide({}, record{lost, x}));
  EXPECT_EQ(std::get<recorded>(events.at(0)).letter.summary, std::string(summary_max - 1, 'x'));
}

TEST(DeadLetterDecide, RefusesAPayloadThatIsTooLarge) {
  auto x = sample();
  x.sealed.assign(sealed_max + 1, 'x');
  EXPECT_EQ(decide({}, record{lost, x}), decision{rejection::too_large});
}

TEST(DeadLetterDecide, WantsAReasonForEachAction) {
  const auto s = after({recorded{sample()}});
  EXPECT_EQ(decide(s, replay{lost, "", {}}, "operator", true), decision{rejection::no_reason});
  EXPECT_EQ(decide(s, discard{lost, ""}, "operator"), decision{rejection::no_reason});
}

TEST(DeadLetterDecide, KnowsNothingOfALetterThatWasNotRecorded) {
  EXPECT_EQ(decide({}, replay{lost, "x", {}}, "operator", true), decision{rejection::unknown_letter});
  EXPECT_EQ(decide({}, discard{lost, "x"}, "operator"), decision{rejection::unknown_letter});
}

TEST(DeadLetterDecide, ReplaysOneAtATime) {
  auto s = after({recorded{sample()}});
  EXPECT_EQ(events_of(decide(s, replay{lost, "repaired", {}}, "operator", true)), std::vector{asked});
  EXPECT_EQ(decide(s, replay{lost, "repaired", {}}, "operator", false), decision{rejection::not_replayable});
  s.apply(asked, noon);
  EXPECT_TRUE(events_of(decide(s, replay{lost, "again", {}}, "operator", true)).empty());
  EXPECT_EQ(decide(s, discard{lost, "x"}, "operator"), decision{rejection::replaying});
}

TEST(DeadLetterDecide, IsOpenAgainAfterAFailedReplay) {
  auto s = after({recorded{sample()}, asked});
  EXPECT_TRUE(events_of(decide(s, note_replay{2, {}})).empty()) << "of another replay";
  s.apply(events_of(decide(s, note_replay{1, ec::unavailable})).at(0), noon);
  EXPECT_EQ(s.status, status::open);
  EXPECT_EQ(s.actions.back(), (action{"replay_failed", noon, "", "unavailable"}));
  s.apply(asked, noon);
  s.apply(events_of(decide(s, note_replay{2, {}})).at(0), noon);
  EXPECT_EQ(s.status, status::replayed);
  EXPECT_EQ(decide(s, replay{lost, "x", {}}, "operator", true), decision{rejection::not_open});
  EXPECT_EQ(decide(s, discard{lost, "x"}, "operator"), decision{rejection::not_open});
}

TEST(DeadLetterDecide, HeedsAJobOnce) {
  auto s = after({recorded{sample()}, replay_requested{"all", "operator", "job-1"}, replay_failed{1, ec::refused}});
  EXPECT_TRUE(events_of(decide(s, replay{lost, "all", "job-1"}, "operator", true)).empty());
  EXPECT_EQ(events_of(decide(s, replay{lost, "all", "job-2"}, "operator", true)).size(), 1u);
}

TEST(DeadLetterDecide, HasABoundOfReplays) {
  auto s = after({recorded{sample()}});
  for (std::size_t i = 0; i < replays_max; ++i) {
    s.apply(asked, noon);
    s.apply(replay_failed{s.replays, ec::refused}, noon);
  }
  EXPECT_EQ(decide(s, replay{lost, "x", {}}, "operator", true), decision{rejection::too_many_replays});
}

TEST(DeadLetterNames, AreFoundAgain) {
  for (const auto x : {source::undeliverable_message, source::exhausted_effect, source::poisoned_event,
                       source::outlet_gave_up, source::refused_webhook})
    EXPECT_EQ(parse_source(name_of(x)), x);
  EXPECT_FALSE(parse_source("invalid"));
}

struct stored_form {
  const char* name;
  event what;
};

const std::vector<stored_form> forms{{"recorded", recorded{sample()}},
                                     {"replay_requested", replay_requested{"repaired", "operator", "job-1"}},
                                     {"replayed", replayed{1}},
                                     {"replay_failed", replay_failed{1, ec::timed_out}},
                                     {"discarded", discarded{"old", "operator"}},
                                     {"recurred", recurred{2, "expired", "The mail was given up: expired", 9}}};

TEST(DeadLetterStored, KeepsTheFormOfEachEvent) {
  for (const auto& x : forms) {
    const auto form = encode(x.what);
    EXPECT_EQ(form.type, std::string{"dead_letter."} + x.name);
    EXPECT_EQ(form.data, test::golden(std::string{"dead_letter/"} + x.name + ".1.json"));
    journal::stored_event stored;
    stored.type = form.type;
    stored.data = form.data;
    const auto again = decode(stored);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(*again, x.what);
  }
}

TEST(DeadLetterStored, KeepsTheFormOfASnapshot) {
  const auto s = after({recorded{sample()}, asked, replay_failed{1, ec::refused}});
  const auto form = encode_snapshot(s);
  EXPECT_EQ(form, test::golden("dead_letter/snapshot.1.json"));
  EXPECT_EQ(*decode_snapshot(form, 1), s);
  const auto recurring = after({recorded{sample()}, recurred{2, "expired", "again", 9}});
  EXPECT_EQ(*decode_snapshot(encode_snapshot(recurring), 1), recurring);
}

TEST(DeadLetterStored, RefusesWhatIsNotItsForm) {
  journal::stored_event x;
  x.type = "dead_letter.replay_failed";
  for (const auto* data : {"{}", R"({"replay":-1,"code":"refused"})", R"({"replay":1,"code":"nothing"})"}) {
    x.data = data;
    EXPECT_EQ(code_of(decode(x).error()), ec::store_damaged) << data;
  }
  x.type = "dead_letter.newer";
  EXPECT_EQ(code_of(decode(x).error()), ec::unknown_type);
}

// ---- jobs ----------------------------------------------------------------------------------------------------------

const job_id one{"0190a6b0-0000-7000-8000-000000000001"};
const cursor there{noon, lost};

job::state after_job(const std::vector<job::event>& events) {
  job::state s;
  for (const auto& e : events)
    s.apply(e, noon);
  return s;
}

const job::event begun_job = job::begun{"0011223344556677", 50, "repaired", "operator"};

TEST(ReplayJobDecide, BeginsOnce) {
  const job::begin cmd{one, "0011223344556677", 50, "repaired"};
  const auto first = job::decide({}, cmd, "operator");
  EXPECT_EQ(std::get<0>(first), std::vector{begun_job});
  EXPECT_TRUE(std::get<0>(job::decide(after_job({begun_job}), cmd, "operator")).empty());
}

TEST(ReplayJobDecide, WantsAReasonAndARate) {
  EXPECT_EQ(job::decide({}, job::begin{one, "g", 50, ""}, "x"), job::decision{job::rejection::no_reason});
  EXPECT_EQ(job::decide({}, job::begin{one, "g", 0, "x"}, "x"), job::decision{job::rejection::wrong_rate});
  EXPECT_EQ(job::decide({}, job::begin{one, "g", job::rate_max + 1, "x"}, "x"),
            job::decision{job::rejection::wrong_rate});
}

TEST(ReplayJobDecide, GoesOnOnly) {
  auto s = after_job({begun_job});
  s.apply(std::get<0>(job::decide(s, job::note_progress{there, 3, 2, 1})).at(0), noon);
  EXPECT_EQ(s.replayed, 3u);
  EXPECT_EQ(s.failed, 2u);
  EXPECT_EQ(s.skipped, 1u);
  EXPECT_TRUE(std::get<0>(job::decide(s, job::note_progress{there, 3, 2, 1})).empty()) << "counted already";
}

TEST(ReplayJobDecide, EndsOrIsStopped) {
  auto s = after_job({begun_job});
  EXPECT_EQ(std::get<0>(job::decide(s, job::note_end{})), std::vector<job::event>{job::ended{}});
  EXPECT_EQ(std::get<0>(job::decide(s, job::stop_job{one, "enough"}, "operator")),
            (std::vector<job::event>{job::stopped{"enough", "operator"}}));
  s.apply(job::ended{}, noon);
  EXPECT_TRUE(std::get<0>(job::decide(s, job::stop_job{one, "enough"}, "operator")).empty());
  EXPECT_EQ(job::decide({}, job::stop_job{one, "enough"}, "x"), job::decision{job::rejection::unknown_job});
}

TEST(ReplayJobStored, KeepsTheFormOfEachEvent) {
  const std::vector<std::pair<std::string, job::event>> all{{"begun", begun_job},
                                                            {"advanced", job::advanced{there, 3, 2, 1}},
                                                            {"ended", job::ended{}},
                                                            {"stopped", job::stopped{"enough", "operator"}}};
  for (const auto& [name, what] : all) {
    const auto form = job::encode(what);
    EXPECT_EQ(form.type, "replay_job." + name);
    EXPECT_EQ(form.data, test::golden("replay_job/" + name + ".1.json"));
    journal::stored_event stored;
    stored.type = form.type;
    stored.data = form.data;
    const auto again = job::decode(stored);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(*again, what);
  }
}

TEST(ReplayJobStored, KeepsTheFormOfASnapshot) {
  const auto s = after_job({begun_job, job::advanced{there, 3, 2, 1}, job::stopped{"enough", "operator"}});
  const auto form = job::encode_snapshot(s);
  EXPECT_EQ(form, test::golden("replay_job/snapshot.1.json"));
  EXPECT_EQ(*job::decode_snapshot(form, 1), s);
}

} // namespace
} // namespace troupe::dead_letter
