// Messages that reached nobody are kept sealed, and sent again.
#include "supervisors/dead_letters/messages.hpp"

#include "actors/entity/context.hpp"
#include "actors/order/order_actor.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/folder.hpp"

#include <caf/event_based_actor.hpp>

namespace troupe {
namespace {

using dead_letter::replay_letter;
using dead_letter::replayer_actor;

class LostMessage : public test::deterministic_system {
protected:
  dead_letter::record lose(caf::message content, const std::string& path = "node/entities/orders") {
    return lost_message({path, "types", supervision::failure::buffer_full, std::move(content)}, {"letter-1"}, sys,
                        seals);
  }

  /// What a part hears when a letter is replayed; an error when it is not.
  caf::expected<std::vector<std::string>> replay(const dead_letter::record& what, const sealer& with) {
    std::vector<std::string> heard;
    const auto part = sys.spawn([&heard](caf::event_based_actor*) -> caf::behavior {
      return {[&heard](const request_context& c, const order::payment_news& x) {
        heard.push_back(c.principal + ' ' + x.id.value);
      }};
    });
    const auto replayer =
      spawn_message_replayer(sys, std::make_shared<const sealer>(with),
                             {{"node/entities/orders", caf::actor_cast<caf::strong_actor_ptr>(part)}});
    auto asked = self->request(replayer, caf::infinite, request_context{"operator", {}, time_point::max()},
                               replay_letter{what.id, "key", what.letter});
    run();
    caf::error failed;
    asked.receive([] {}, [&](caf::error& e) { failed = std::move(e); });
    self->send_exit(replayer, caf::exit_reason::kill);
    self->send_exit(part, caf::exit_reason::kill);
    run();
    if (failed)
      return failed;
    return heard;
  }

  static caf::message news() {
    return caf::make_message(request_context{"stripe", {}, time_point::max()}, order::payment_news{{"o-1"}});
  }

  test::scratch_folder folder;
  sealer seals{folder / "dead-letters.key"};
};

TEST_F(LostMessage, IsSentAgainAsItWas) {
  const auto letter = lose(news());
  EXPECT_EQ(letter.letter.code, "buffer_full");
  EXPECT_EQ(letter.letter.place, "node/entities/orders");
  const auto heard = replay(letter, seals);
  ASSERT_TRUE(heard) << to_string(heard.error());
  EXPECT_EQ(*heard, std::vector<std::string>{"stripe o-1"});
}

TEST_F(LostMessage, IsKeptSealed) {
  const auto letter = lose(news());
  EXPECT_FALSE(letter.letter.sealed.empty());
  EXPECT_EQ(letter.letter.sealed.find("o-1"), std::string::npos);
  EXPECT_EQ(letter.letter.summary.find("o-1"), std::string::npos);
  const sealer other{folder / "another.key"};
  EXPECT_EQ(replay(letter, other).error(), ec::refused);
}

TEST_F(LostMessage, IsNotKeptWhenItCannotBe) {
  const auto local = lose(caf::make_message(entity::wake{})); // It never leaves its process.
  EXPECT_TRUE(local.letter.sealed.empty());
  EXPECT_NE(local.letter.summary.find("cannot be kept"), std::string::npos) << local.letter.summary;
  const auto large = lose(caf::make_message(std::string(kept_message_max, 'x')));
  EXPECT_TRUE(large.letter.sealed.empty());
  EXPECT_NE(large.letter.summary.find("too large"), std::string::npos) << large.letter.summary;
  EXPECT_EQ(replay(local, seals).error(), ec::refused);
}

TEST_F(LostMessage, ForAPartThatIsNoMoreIsNotSent) {
  EXPECT_EQ(replay(lose(news(), "node/entities/wishes"), seals).error(), ec::refused);
}

TEST_F(LostMessage, FindsEachPartOfATreeByItsPath) {
  using namespace supervision;
  const auto start = [](const place& where) {
    return where.system().spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  };
  group root{sys, "node", strategy::one_for_one};
  root.add<caf::actor>("health", start);
  group inner{sys, "entities", strategy::one_for_one};
  const auto orders = inner.add<caf::actor>("orders", start);
  root.add(std::move(inner));
  const auto parts = parts_by_path(root);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts.at("node/entities/orders"), caf::actor_cast<caf::strong_actor_ptr>(orders));
  EXPECT_TRUE(parts.contains("node/health"));
  root.close();
}

} // namespace
} // namespace troupe
