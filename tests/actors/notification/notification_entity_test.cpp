// What the actor of a mail adds to its decisions: time, crashes, and one try at a time.
#include "actors/notification/notification_entity.hpp"

#include "actors/notification/confirmation.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::notification {
namespace {

using namespace std::chrono_literals;

/// A provider, as the test wants it to be.
struct provider_book {
  std::vector<send_mail> asked;
  std::vector<time_point> deadlines;
  std::vector<caf::error> failures; // of the first tries; then it accepts
  bool silent = false;
  std::function<void()> on_ask; // before it answers
  std::vector<caf::typed_response_promise<accepted>> silence;
};

using provider_book_ptr = std::shared_ptr<provider_book>;

mailer_actor::behavior_type make_provider(mailer_actor::pointer self, provider_book_ptr book) {
  return {[self, book](const request_context& context, const send_mail& x) -> caf::result<accepted> {
    book->asked.push_back(x);
    book->deadlines.push_back(context.deadline);
    if (book->on_ask)
      book->on_ask();
    if (book->silent) {
      book->silence.push_back(self->make_response_promise<accepted>());
      return book->silence.back();
    }
    if (const auto number = book->asked.size() - 1; number < book->failures.size())
      return book->failures[number];
    return accepted{"m-" + std::to_string(book->asked.size())};
  }};
}

class NotificationEntity : public entity::test::JournalOfTests<notification_actor> {
protected:
  notification_actor spawn() override {
    dependencies deps;
    deps.providers = {{"first", sys.spawn(make_provider, first)}, {"second", sys.spawn(make_provider, second)}};
    deps.from = {"shop@example.org", "The shop"};
    deps.policy = policy{.providers = {"first", "second"}};
    deps.ended = [this](const std::string& id, status how, const std::string& why) {
      ends.push_back(id + ' ' + std::string{name_of(how)} + ' ' + why);
    };
    deps.domain_blocked = [this](const std::string& id, const std::string& provider) {
      blocked.push_back(id + ' ' + provider);
    };
    deps.gave_up = [this](const mail_view& x) { given.push_back(x); };
    deps.pauses = board.published();
    return spawn_notifications(sys, env, std::move(deps));
  }

  caf::expected<mail_view> ask_for_mail(std::string id = "o-1/confirmation") {
    return tell<mail_view>(
      request_mail{{std::move(id)}, {"ada@example.org", "Ada"}, "order_confirmation", "{}", category::transactional});
  }

  mail_view found(std::string id = "o-1/confirmation") {
    auto x = tell<mail_view>(get_mail{{std::move(id)}});
    EXPECT_TRUE(x) << to_string(x.error());
    return x ? *x : mail_view{};
  }

  provider_book_ptr first = std::make_shared<provider_book>();
  provider_book_ptr second = std::make_shared<provider_book>();
  std::vector<std::string> ends;
  std::vector<std::string> blocked;
  std::vector<mail_view> given;

  void pause(const std::string& provider) {
    paused_at[provider] = now();
    board.put(target_of(provider), pause::paused{"they lose mails", "ada", now()});
  }

  void resume(const std::string& provider) {
    board.put(target_of(provider), std::nullopt, {{paused_at[provider], now()}});
    caf::anon_send(caf::actor_cast<caf::actor>(region), entity::look_ahead{paused_look + entity::resumed_after});
    for (int i = 0; i < 20; ++i)
      advance(100ms);
  }

  static pause::target target_of(const std::string& provider) {
    return {pause::kind::provider, pause::name_of_mailer(provider)};
  }

  pause::registry board{pause::board{}};
  std::map<std::string, time_point> paused_at;
};

TEST_F(NotificationEntity, SendsOneMailHoweverOftenItIsAskedFor) {
  ASSERT_TRUE(ask_for_mail());
  ASSERT_TRUE(ask_for_mail());
  restart();
  ASSERT_TRUE(ask_for_mail());
  ASSERT_EQ(first->asked.size(), 1u);
  EXPECT_EQ(first->asked[0].key, "o-1/confirmation");
  EXPECT_EQ(first->asked[0].from.address, "shop@example.org");
  EXPECT_EQ(first->asked[0].to.address, "ada@example.org");
  EXPECT_EQ(found().status, status::sent);
  EXPECT_EQ(found().message_id, "m-1");
  EXPECT_EQ(ends, std::vector<std::string>{"o-1/confirmation sent "}) << "told once";
}

TEST_F(NotificationEntity, SendsNothingBeforeTheRequestIsDurable) {
  book->holds = true;
  auto asked = request(
    request_mail{{"o-1/confirmation"}, {"ada@example.org", ""}, "order_confirmation", "{}", category::transactional});
  run();
  EXPECT_TRUE(first->asked.empty());
  EXPECT_TRUE(nothing_is_answered());
  release();
  EXPECT_TRUE(answer_of<mail_view>(asked));
  EXPECT_EQ(first->asked.size(), 1u);
}

class MemberNotificationEntity : public NotificationEntity {
protected:
  void SetUp() override {
    env.held = entity::held_shards::of_member([this] { return ticks; });
    env.held.add(journal::all_shards());
    env.held.lease_until(1'000);
    NotificationEntity::SetUp();
  }

  std::int64_t ticks = 0;
};

// A process that stood still between the two may come back to a mail that another node has sent.
TEST_F(MemberNotificationEntity, SendsNothingOnceItsLeaseHasRunOut) {
  book->holds = true;
  auto asked = request(
    request_mail{{"o-1/confirmation"}, {"ada@example.org", ""}, "order_confirmation", "{}", category::transactional});
  run();
  ticks = 1'000;
  release();
  EXPECT_TRUE(answer_of<mail_view>(asked));
  for (int i = 0; i < 10; ++i)
    advance(100ms);
  EXPECT_TRUE(first->asked.empty());
  env.held.lease_until(2'000); // It was nobody else's meanwhile.
  advance(200ms);
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_EQ(found().status, status::sent);
}

TEST_F(NotificationEntity, RepeatsTheSameKeyAfterACrashInTheMiddle) {
  first->silent = true;
  ASSERT_TRUE(ask_for_mail());
  first->silent = false;
  restart();
  ASSERT_EQ(first->asked.size(), 2u);
  EXPECT_EQ(first->asked[0].key, first->asked[1].key);
  EXPECT_EQ(found().status, status::sent);
}

TEST_F(NotificationEntity, StaysWithAProviderThatMayHaveItFromBeforeACrash) {
  first->silent = true;
  ASSERT_TRUE(ask_for_mail());
  first->silent = false;
  first->failures.assign(2, caf::make_error(ec::unavailable)); // To the one after the crash.
  restart();
  ASSERT_EQ(first->asked.size(), 2u);
  EXPECT_TRUE(second->asked.empty());
  advance(10s);
  EXPECT_EQ(first->asked.size(), 3u);
  EXPECT_TRUE(second->asked.empty());
  EXPECT_EQ(found().status, status::sent);
}

TEST_F(NotificationEntity, StaysInMemoryUntilItHasEnded) {
  first->failures.assign(2, caf::make_error(ec::unavailable));
  second->failures = {caf::make_error(ec::rate_limited, std::int64_t{600'000})};
  ASSERT_TRUE(ask_for_mail());
  const auto waiting = in_memory();
  advance(300s); // Longer than anybody stays without a reason.
  EXPECT_EQ(in_memory(), waiting);
}

TEST_F(NotificationEntity, GoesOnWithTheNextProviderAndWaitsWhenAllHaveFailed) {
  first->failures.assign(2, caf::make_error(ec::unavailable));
  second->failures.assign(1, caf::make_error(ec::unavailable));
  ASSERT_TRUE(ask_for_mail());
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_EQ(second->asked.size(), 1u);
  advance(9'999ms);
  EXPECT_EQ(first->asked.size(), 1u) << "not yet";
  advance(1ms);
  EXPECT_EQ(first->asked.size(), 2u);
  EXPECT_EQ(second->asked.size(), 2u);
  EXPECT_EQ(found().provider, "second");
}

TEST_F(NotificationEntity, TriesNothingBeforeTheFailedTryIsDurable) {
  first->failures = {caf::make_error(ec::unavailable)};
  first->on_ask = [this] { book->holds = true; };
  ASSERT_TRUE(ask_for_mail());
  advance(7s); // Its stored wake-up comes meanwhile.
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_TRUE(second->asked.empty());
  release();
  EXPECT_EQ(second->asked.size(), 1u);
}

TEST_F(NotificationEntity, ObeysTheWaitThatALimitNames) {
  first->failures = {caf::make_error(ec::rate_limited, std::int64_t{5'000}), caf::make_error(ec::rate_limited)};
  ASSERT_TRUE(ask_for_mail());
  advance(5s);
  EXPECT_EQ(first->asked.size(), 2u);
  advance(59s);
  EXPECT_EQ(first->asked.size(), 2u) << "a minute where none is named";
  advance(1s);
  EXPECT_EQ(found().status, status::sent);
}

TEST_F(NotificationEntity, AsksForNothingAfterAnHour) {
  first->failures.assign(1'000, caf::make_error(ec::rate_limited));
  ASSERT_TRUE(ask_for_mail());
  for (int i = 0; i < 70; ++i)
    advance(60s);
  EXPECT_EQ(first->asked.size(), 60u);
  EXPECT_EQ(first->deadlines.front() - now(), -10min) << "no provider may start later than that";
  ASSERT_EQ(given.size(), 1u);
  EXPECT_EQ(given[0].why, "expired");
  EXPECT_EQ(found().status, status::given_up);
}

TEST_F(NotificationEntity, CountsAProviderThatDoesNotAnswer) {
  first->silent = true;
  ASSERT_TRUE(ask_for_mail());
  advance(40s); // The first try ends.
  advance(10s);
  EXPECT_EQ(first->asked.size(), 2u);
  EXPECT_EQ(found().why, "timed_out");
  EXPECT_TRUE(second->asked.empty());
}

TEST_F(NotificationEntity, TellsTheAdministratorOfABlockedDomain) {
  first->failures = {caf::make_error(mail_refusal::blocked_domain)};
  ASSERT_TRUE(ask_for_mail());
  EXPECT_EQ(blocked, std::vector<std::string>{"o-1/confirmation first"});
  ASSERT_EQ(given.size(), 1u);
  EXPECT_EQ(given[0].id.value, "o-1/confirmation");
  EXPECT_EQ(given[0].provider, "first");
  EXPECT_TRUE(second->asked.empty());
}

TEST_F(NotificationEntity, SendsAGivenUpMailThatIsPutBackAndTellsOfEachEnd) {
  first->failures.assign(2, caf::make_error(ec::refused));
  ASSERT_TRUE(ask_for_mail());
  ASSERT_EQ(given.size(), 1u);
  restart(); // What it needs to be sent is stored.
  const auto put_back = [this](const std::string& key) {
    return tell<mail_view>(try_again{{"o-1/confirmation"}, key});
  };
  ASSERT_TRUE(put_back("replay/1"));
  ASSERT_EQ(given.size(), 2u) << "given up again";
  EXPECT_EQ(given[1].times_given_up, 2u);
  ASSERT_TRUE(put_back("replay/1"));
  EXPECT_EQ(first->asked.size(), 2u) << "the same replay once";
  ASSERT_TRUE(put_back("replay/2"));
  ASSERT_EQ(first->asked.size(), 3u);
  EXPECT_EQ(found().status, status::sent);
  EXPECT_EQ(first->asked[2].to.address, "ada@example.org");
  EXPECT_EQ(first->asked[2].key, first->asked[0].key);
  ASSERT_TRUE(put_back("replay/3"));
  EXPECT_EQ(first->asked.size(), 3u) << "it was sent";
  EXPECT_EQ(ends.back(), "o-1/confirmation sent ");
  EXPECT_EQ(ends.size(), 3u);
}

TEST_F(NotificationEntity, TriesAPutBackMailOnlyOnceThatIsDurable) {
  first->failures = {caf::make_error(ec::refused)};
  ASSERT_TRUE(ask_for_mail());
  book->holds = true;
  auto asked = request(try_again{{"o-1/confirmation"}, "replay/1"});
  run();
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_TRUE(nothing_is_answered());
  release();
  EXPECT_TRUE(answer_of<mail_view>(asked));
  EXPECT_EQ(first->asked.size(), 2u);
}

TEST_F(NotificationEntity, UsesTheDefaultTemplateForABrokenOne) {
  first->failures = {caf::make_error(mail_refusal::template_error)};
  ASSERT_TRUE(ask_for_mail());
  ASSERT_EQ(first->asked.size(), 2u);
  EXPECT_EQ(first->asked[1].template_name, default_template);
  EXPECT_EQ(found().status, status::sent);
}

TEST_F(NotificationEntity, LogsNoPersonalDataOfWhatItSkips) {
  ASSERT_TRUE(tell<mail_view>(
    request_mail{{"o-2/confirmation"}, {"nobody", ""}, "order_confirmation", "{}", category::transactional}));
  EXPECT_EQ(ends, std::vector<std::string>{"o-2/confirmation skipped invalid_address"});
  EXPECT_TRUE(first->asked.empty());
}

TEST_F(NotificationEntity, LeavesMemoryWhenItHasEnded) {
  ASSERT_TRUE(ask_for_mail());
  const auto while_asked = in_memory();
  advance(1s);
  EXPECT_LT(in_memory(), while_asked);
  EXPECT_EQ(tell<mail_view>(get_mail{{"o-9/confirmation"}}).error(), rejection::unknown_mail);
}

// ---- the confirmation of an order
// ------------------------------------------------------------------------------------

TEST(Confirmation, NamesTheOrderAndItsExactAmounts) {
  const auto yen = *currency::parse("JPY");
  const auto euro = *currency::parse("EUR");
  order::view x;
  x.id = "o-1";
  x.email = "ada@example.org";
  x.placed_at = time_point{1'772'366'400'123ms};
  x.lines = {{{"tea \"green\""}, 2, money{1290, euro}, money{2580, euro}}, {{"map"}, 1, money{500, yen}, {}}};
  x.total = money{2580, euro};
  const auto made = confirmation_of(x);
  EXPECT_EQ(made.id.value, "o-1/confirmation");
  EXPECT_EQ(made.to.address, "ada@example.org");
  EXPECT_EQ(made.kind, category::transactional);
  EXPECT_EQ(made.model, R"({"orderId":"o-1","placedOn":"2026-03-01","total":"25.80 EUR","items":[)"
                        R"({"sku":"tea \"green\"","quantity":2,"price":"12.90 EUR","amount":"25.80 EUR"},)"
                        R"({"sku":"map","quantity":1,"price":"500 JPY","amount":""}]})");
}

// ---- pauses --------------------------------------------------------------------------------------------------------

TEST_F(NotificationEntity, WaitsForAProviderThatIsPausedLongerThanMailsLive) {
  pause("first");
  ASSERT_TRUE(ask_for_mail());
  for (int i = 0; i < 5 * 60; ++i)
    advance(1min);
  EXPECT_TRUE(first->asked.empty());
  EXPECT_TRUE(second->asked.empty()) << "a pause is no outage";
  EXPECT_EQ(found().status, status::pending);
  resume("first");
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_EQ(found().status, status::sent);
  EXPECT_EQ(ends, std::vector<std::string>{"o-1/confirmation sent "});
}

TEST_F(NotificationEntity, WaitsOverARestartForAProviderThatIsPaused) {
  pause("first");
  ASSERT_TRUE(ask_for_mail());
  advance(3h);
  restart();
  advance(1min);
  EXPECT_TRUE(first->asked.empty());
  resume("first");
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_EQ(found().status, status::sent);
}

TEST_F(NotificationEntity, HasTheTimeThatItStoodStillOnTopOfItsOwn) {
  pause("first");
  ASSERT_TRUE(ask_for_mail());
  advance(2h);
  first->failures.assign(100, caf::make_error(ec::rate_limited));
  resume("first");
  for (int i = 0; i < 58; ++i)
    advance(1min);
  EXPECT_EQ(found().status, status::pending);
  for (int i = 0; i < 5; ++i)
    advance(1min);
  EXPECT_EQ(found().why, "expired");
}

TEST_F(NotificationEntity, DoesNotCountARefusalBecauseOfAPause) {
  first->failures.assign(1, caf::make_error(ec::circuit_open));
  first->on_ask = [this] { pause("first"); };
  ASSERT_TRUE(ask_for_mail());
  first->on_ask = nullptr;
  EXPECT_EQ(first->asked.size(), 1u);
  EXPECT_TRUE(second->asked.empty());
  EXPECT_EQ(found().attempts, 0u);
  resume("first");
  EXPECT_EQ(found().status, status::sent);
  EXPECT_EQ(found().provider, "first");
}

TEST_F(NotificationEntity, GoesThroughAnotherProviderThanThePausedOneWhenItsTurnIsThere) {
  pause("second");
  ASSERT_TRUE(ask_for_mail());
  EXPECT_EQ(found().provider, "first");
  EXPECT_EQ(found().status, status::sent);
}

} // namespace
} // namespace troupe::notification
