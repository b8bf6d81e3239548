// What a replay would do, against what it then does.
#include "supervisors/dead_letters/rehearsal.hpp"

#include "actors/notification/notification_entity.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/dead_letters/effects.hpp"
#include "supervisors/dead_letters/recorders.hpp"
#include "supervisors/dead_letters/replayers.hpp"
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

    topology_settings with;
    with.node = "node-1";
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
    supervision::surroundings around;
    around.now = settings.now;
    around.jitter = [] { return 0.5; };
    root = supervision::spawn_supervisor(sys, std::move(made.root), around);
    wait(2s);
  }

  void TearDown() override {
    letters = nullptr;
    mails = nullptr;
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
  recorded_calls payments = std::make_shared<std::vector<foreseen_call>>();
  rehearsal_settings settings;
  dead_letter_actor letters;
  notification::notification_actor mails;
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
