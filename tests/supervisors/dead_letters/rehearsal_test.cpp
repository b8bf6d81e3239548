// What a replay would do, against what it then does.
#include "supervisors/dead_letters/rehearsal.hpp"

#include "actors/notification/notification_entity.hpp"
#include "actors/order/order_entity.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/dead_letters/effects.hpp"
#include "supervisors/dead_letters/messages.hpp"
#include "supervisors/dead_letters/recorders.hpp"
#include "supervisors/dead_letters/replayers.hpp"
#include "supervisors/dead_letters/webhooks.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/folder.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <tuple>

namespace troupe {
namespace {

using namespace dead_letter;
using namespace std::chrono_literals;
using notification::mail_view;

/// A mail provider that refuses as long as it is told to.
struct provider_book {
  std::size_t asked = 0;
  bool refuses = true;
};

notification::mailer_actor::behavior_type make_mailer(notification::mailer_actor::pointer,
                                                      const std::shared_ptr<provider_book>& book) {
  return {[book](const request_context&, const notification::send_mail&) -> caf::result<notification::accepted> {
    ++book->asked;
    if (book->refuses)
      return caf::make_error(ec::refused);
    return notification::accepted{"m-1"};
  }};
}

/// A sink that refuses the events of one entity as long as it is told to.
struct sink_book {
  std::size_t taken = 0;
  std::string refuses;
};

outlet::sink_actor::behavior_type make_sink(outlet::sink_actor::pointer, const std::shared_ptr<sink_book>& book) {
  return {[book](const outlet::deliver& x) -> caf::result<void> {
    if (x.event->stream.key == book->refuses)
      return caf::make_error(ec::refused);
    ++book->taken;
    return caf::unit;
  }};
}

std::vector<outlet::definition> add_outlet(supervision::group& to, const std::shared_ptr<sink_book>& book) {
  outlet::definition copy;
  copy.name = "copy";
  copy.context = notification::traits::context;
  copy.sink = to.add<outlet::sink_actor>(
    "copy sink", [book](const supervision::place& where) { return where.run<outlet::sink_actor>(make_sink, book); });
  return {copy};
}

using event_names = std::vector<std::tuple<std::string, std::string, std::string>>;

class Rehearsal : public test::deterministic_system {
protected:
  void SetUp() override {
    settings.stores = simulated::make_store(disk);
    settings.seals = std::make_shared<const sealer>(folder / "dead-letters.key");
    settings.now = [this] { return now(); };
    settings.random = [] { return std::uint64_t{7}; };
    settings.payment_providers = {{"main", 24h}};
    settings.mail_providers = {"resend"};
    settings.mails.set(notification::policy{.providers = {"resend"}});

    settings.outlets = [this](supervision::group& to, const topology&, const clock_fn&) {
      return add_outlet(to, rehearsed_sink);
    };

    topology_settings with;
    with.node = "node-1";
    with.outlets = [this](supervision::group& to, const topology&) { return add_outlet(to, sink); };
    with.stores = settings.stores;
    with.stores_block = false;
    with.environment = [this](std::string_view) { return entity::environment{{}, settings.now, settings.random}; };
    with.providers = [this](supervision::group& to) {
      const auto actor = to.add<payment::provider_actor>(
        "main", [this](const supervision::place& where) { return spawn_payment_recorder(where, "main", payments); });
      return payment::providers{{"main", {actor}}};
    };
    with.mailers = [this](supervision::group& to) {
      return std::map<std::string, notification::mailer_actor>{
        {"resend", to.add<notification::mailer_actor>("resend", [this](const supervision::place& where) {
           return where.run<notification::mailer_actor>(make_mailer, book);
         })}};
    };
    with.notifications.policy = settings.mails;
    with.notifications.gave_up = [this](const mail_view& x) {
      troupe::record(sys, letters, context, given_up_mail(x),
                     [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
    };
    auto made = make_topology(sys, std::move(with));
    add_replayers(made, settings.seals);
    letters = made.dead_letters.letters;
    mails = made.notifications;
    orders = made.orders;
    journal = made.journal;
    supervision::surroundings around;
    around.now = settings.now;
    around.jitter = [] { return 0.5; };
    root = supervision::spawn_supervisor(sys, std::move(made.root), around);
    wait(2s);
  }

  void TearDown() override {
    letters = nullptr;
    mails = nullptr;
    orders = nullptr;
    journal = nullptr;
    self->send_exit(root, caf::exit_reason::user_shutdown);
    root = nullptr;
    wait(2s);
    deterministic_system::TearDown();
  }

  void wait(duration x) {
    for (; x > 0ms; x -= 100ms)
      advance(100ms);
  }

  template <class Reply, class Handle, class Command> caf::expected<Reply> tell(const Handle& whom, Command command) {
    auto response = self->request(whom, caf::infinite, context, std::move(command));
    run();
    caf::expected<Reply> result{caf::sec::none};
    response.receive([&](Reply& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  /// Asks for a mail, which is refused and given up; its letter.
  letter_id lose_mail(const std::string& id) {
    EXPECT_TRUE(tell<mail_view>(
      mails, notification::request_mail{
               {id}, {"ada@example.org", "Ada"}, "order_confirmation", "{}", notification::category::transactional}));
    wait(1s);
    return id_of("notification/" + id);
  }

  letter_id keep(const dead_letter::record& x) {
    EXPECT_TRUE(tell<view>(letters, x));
    return x.id;
  }

  /// A stream of an order that was stored at `at`.
  void store_order(const std::string& id, time_point at, std::initializer_list<order::event> events) {
    journal::append x;
    x.stream = {"order", id};
    for (const auto& e : events)
      x.events.push_back(order::encode(e));
    x.recorded_at = at;
    x.principal = "shop";
    auto response = self->request(journal, caf::infinite, std::move(x));
    run();
    response.receive([](const journal::appended&) {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  }

  /// Every event of these streams.
  event_names stored(const std::vector<journal::stream_name>& streams) {
    const auto reader = settings.stores->open_reader();
    event_names result;
    for (const auto& stream : streams) {
      const auto events = (*reader)->read_stream(stream, 1, 1'000);
      for (const auto& x : *events)
        result.emplace_back(x.stream.context, x.stream.key, x.type);
    }
    return result;
  }

  static event_names names_of(const std::vector<foreseen_event>& events) {
    event_names result;
    for (const auto& x : events)
      result.emplace_back(x.context, x.key, x.type);
    return result;
  }

  foreseen look_at(const letter_id& id) {
    auto result = troupe::rehearse(settings, context, {{id}, "to see"});
    EXPECT_EQ(result.letters.size(), 1u);
    return result.letters.empty() ? foreseen{} : result.letters[0];
  }

  test::scratch_folder folder;
  request_context context{"operator", {}, time_point::max()};
  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  std::shared_ptr<provider_book> book = std::make_shared<provider_book>();
  std::shared_ptr<sink_book> sink = std::make_shared<sink_book>();
  std::shared_ptr<sink_book> rehearsed_sink = std::make_shared<sink_book>();
  recorded_calls payments = std::make_shared<std::vector<foreseen_call>>();
  rehearsal_settings settings;
  dead_letter_actor letters;
  notification::notification_actor mails;
  order::order_actor orders;
  journal::journal_actor journal;
  caf::actor root;
};

TEST_F(Rehearsal, ForeseesWhatTheReplayThenDoes) {
  const auto id = lose_mail("o-1/confirmation");
  const std::vector<journal::stream_name> streams{{"notification", "o-1/confirmation"}, {"dead_letter", id.value}};
  const auto before = stored(streams);
  const auto seen = look_at(id);
  EXPECT_FALSE(seen.refused) << to_string(seen.refused);
  EXPECT_TRUE(seen.ended);
  EXPECT_EQ(seen.letter.status, status::replayed);
  ASSERT_EQ(seen.calls.size(), 1u);
  EXPECT_EQ(seen.calls[0].port, "email.resend");
  EXPECT_EQ(seen.calls[0].operation, "send");
  EXPECT_EQ(seen.calls[0].key, "o-1/confirmation");

  book->refuses = false;
  ASSERT_TRUE(tell<view>(letters, replay{id, "repaired", {}}));
  wait(10s);
  auto after = stored(streams);
  for (const auto& x : before)
    after.erase(std::find(after.begin(), after.end(), x));
  auto foreseen_ones = names_of(seen.events);
  EXPECT_EQ(foreseen_ones.size(), 4u) << "asked for, on its way, over to the mail, sent";
  std::sort(after.begin(), after.end());
  std::sort(foreseen_ones.begin(), foreseen_ones.end());
  EXPECT_EQ(foreseen_ones, after);
}

TEST_F(Rehearsal, ChangesNothing) {
  const auto id = lose_mail("o-1/confirmation");
  const auto commits = disk->commits();
  const auto events = disk->events();
  const auto asked = book->asked;
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(look_at(id).events.empty());
  wait(10s);
  EXPECT_EQ(disk->events(), events);
  EXPECT_EQ(disk->commits(), commits);
  EXPECT_EQ(book->asked, asked);
  EXPECT_EQ(tell<view>(letters, get_letter{id})->of.status, status::open);
}

TEST_F(Rehearsal, RefusesWhatTheReplayWould) {
  EXPECT_EQ(look_at(id_of("nothing")).refused, rejection::unknown_letter);
  const auto id = lose_mail("o-1/confirmation");
  ASSERT_TRUE(tell<view>(letters, discard{id, "old"}));
  const auto seen = look_at(id);
  EXPECT_EQ(seen.refused, rejection::not_open);
  EXPECT_TRUE(seen.events.empty());
}

TEST_F(Rehearsal, LeavesTheWorkOfOthersAlone) {
  const auto id = lose_mail("o-1/confirmation");
  lose_mail("o-2/confirmation");
  ASSERT_TRUE(tell<view>(letters, replay{id_of("notification/o-2/confirmation"), "try", {}}));
  wait(1s);
  for (const auto& [context_name, key, type] : names_of(look_at(id).events))
    EXPECT_TRUE(key == id.value || key == "o-1/confirmation") << key << ' ' << type;
}

TEST_F(Rehearsal, ShowsNoPersonalData) {
  for (const auto& call : look_at(lose_mail("o-1/confirmation")).calls)
    for (const auto& [name, value] : call.arguments)
      EXPECT_EQ(value.find("ada"), std::string::npos) << name;
}

TEST_F(Rehearsal, PlaysEachLetterForItself) {
  std::vector<letter_id> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(lose_mail("o-" + std::to_string(i) + "/confirmation"));
  const auto all = troupe::rehearse(settings, context, {ids, "to see"});
  ASSERT_EQ(all.letters.size(), 3u);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(all.letters[i].id, ids[i]);
    EXPECT_EQ(all.letters[i].calls.size(), 1u);
    EXPECT_EQ(all.letters[i].events.size(), 4u);
  }
}

TEST_F(Rehearsal, PassesTheEventOfAnOutletToASinkOfItsOwn) {
  sink->refuses = "o-1/confirmation";
  lose_mail("o-1/confirmation");
  const auto id = id_of("copy/notification/o-1/confirmation/1/1");
  for (int i = 0; i < 600 && !tell<view>(letters, get_letter{id}); ++i)
    wait(1s);
  ASSERT_TRUE(tell<view>(letters, get_letter{id})) << "it was given up";
  const auto taken = sink->taken;
  const auto seen = look_at(id);
  EXPECT_EQ(seen.letter.status, status::replayed) << to_string(seen.refused);
  EXPECT_GE(rehearsed_sink->taken, 1u);
  EXPECT_EQ(sink->taken, taken);
  EXPECT_EQ(tell<view>(letters, get_letter{id})->of.status, status::open);
}

TEST_F(Rehearsal, SaysWhetherAWebhookWouldBeUnderstoodNow) {
  const auto still = keep(refused_webhook("stripe", "{}", *settings.seals));
  EXPECT_EQ(look_at(still).letter.status, status::open) << "it would be refused again";
  const auto understood = keep(refused_webhook(
    "stripe",
    R"({"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":1772366400,"livemode":false,)"
    R"("data":{"object":{"id":"pi_1","object":"payment_intent","metadata":{"reference":"o-1"}}}})",
    *settings.seals));
  EXPECT_EQ(look_at(understood).letter.status, status::replayed);
}

TEST_F(Rehearsal, SendsALostMessageToItsOwnPartsAlone) {
  const auto content =
    caf::make_message(request_context{"stripe", {}, time_point::max()}, order::payment_news{{"o-1"}});
  const auto lost = [&](const char* path) {
    return keep(lost_message({path, "payment_news", supervision::failure::buffer_full, content}, id_of(path), sys,
                             *settings.seals));
  };
  EXPECT_EQ(look_at(lost("node/entities/orders")).letter.status, status::replayed);
  EXPECT_EQ(look_at(lost("node/entities/wishes")).refused, rejection::not_replayable);
}

TEST_F(Rehearsal, HasAnOrderInReviewLookForAPayment) {
  // As it is stored: nobody knows what became of the authorization.
  const auto then = now() - 48h;
  const std::string key = "0195c2f0-0000-7000-8000-000000000001";
  order::placed placed;
  placed.customer = "customer-1";
  placed.email = "ada@example.org";
  placed.currency = *currency::parse("EUR");
  placed.items = {{"shoe", 1}};
  placed.provider = "main";
  placed.method = "card-1";
  const money price{100, placed.currency};
  store_order(key, then,
              {placed, order::priced{{price}, price}, order::stock_reserved{then + 15min},
               order::sent_to_review{order::step::authorize, order::review_reason::unknown_outcome}});
  const auto in_review = tell<order::view>(orders, order::get_order{{key}});
  ASSERT_TRUE(in_review && in_review->reviewed) << to_string(in_review.error());
  const auto seen = look_at(keep(reviewed_order(*in_review)));
  EXPECT_FALSE(seen.refused) << to_string(seen.refused);
  ASSERT_EQ(seen.calls.size(), 1u) << "it looks, and asks for nothing anew";
  EXPECT_EQ(seen.calls[0].operation, "find");
  const auto names = names_of(seen.events);
  const auto stored_of_order = [&](const char* type) {
    return std::count(names.begin(), names.end(), std::tuple{std::string{"order"}, key, std::string{type}});
  };
  EXPECT_EQ(stored_of_order("order.reopened"), 1);
  EXPECT_EQ(stored_of_order("order.sent_to_review"), 1) << "providers know of nothing in a dry run";
}

TEST_F(Rehearsal, IsOneAtATime) {
  const auto id = lose_mail("o-1/confirmation");
  caf::actor_system_config config; // Its thread is a real one.
  caf::actor_system other{config};
  caf::scoped_actor asker{other};
  const auto at = now();
  auto own = std::make_shared<rehearsal_settings>(settings);
  own->now = [at] { return at; };
  const auto actor = spawn_rehearsals(other, own);
  auto one = asker->request(actor, 60s, context, dead_letter::rehearse{{id}, "to see"});
  auto two = asker->request(actor, 60s, context, dead_letter::rehearse{{id}, "to see"});
  two.receive([](const rehearsed&) { ADD_FAILURE() << "two at a time"; },
              [](const caf::error& e) { EXPECT_EQ(e, ec::overloaded); });
  one.receive([](const rehearsed& x) { EXPECT_EQ(x.letters.at(0).events.size(), 4u); },
              [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  asker->request(actor, 60s, context, dead_letter::rehearse{{id}, "to see"})
    .receive([](const rehearsed& x) { EXPECT_EQ(x.letters.size(), 1u); },
             [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
}

} // namespace
} // namespace troupe
