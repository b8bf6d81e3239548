#include "supervisors/cluster/survey.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <memory>
#include <set>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

class Survey : public test::deterministic_system {
protected:
  void SetUp() override {
    desk = sys.spawn([this]() -> desk_actor::behavior_type {
      return {[this](get_report) {
                report x;
                auto seen = std::make_shared<view>();
                for (const auto& [name, state] : known) {
                  node_record node;
                  node.name = name;
                  node.state = state;
                  seen->nodes.push_back(node);
                }
                x.seen = seen;
                return x;
              },
              [](const request_context&, const drain_node& x) { return drained{x.node}; }};
    });
    for (const auto* name : {"n1", "n2", "n3"})
      start(name);
    connect({"n1", "n2", "n3"});
  }

  void TearDown() override {
    for (auto& [name, x] : surveys)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    for (auto& [name, x] : guards)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    caf::anon_send_exit(desk, caf::exit_reason::kill);
    for (auto& [name, x] : doors)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    held.clear();
    surveys.clear();
    guards.clear();
    doors.clear();
    desk = nullptr;
    run();
    deterministic_system::TearDown();
  }

  void start(const std::string& name) {
    known[name] = node_state::up;
    guards[name] = sys.spawn([name]() -> guard::guards_actor::behavior_type {
      return {[name](const guard::get_guards&) {
                guard::report x;
                x.name = "payment." + name;
                return guard::reports{{x}};
              },
              [](const guard::get_guard& x) -> caf::result<guard::report> {
                if (x.name != "payment.main")
                  return caf::make_error(guard::rejection::unknown_guard);
                guard::report found;
                found.name = x.name;
                return found;
              },
              [](const request_context&, const guard::set_breaker&) { return guard::report{}; },
              [](const request_context&, const guard::set_policy&) { return guard::report{}; }};
    });
    survey_settings with;
    with.node = name;
    with.guards = guards[name];
    with.parts = [name] {
      part x;
      x.path = "node of " + name;
      return std::vector<part>{x};
    };
    with.desk = [this] { return desk; };
    surveys[name] = sys.spawn<survey_impl>(std::move(with));
    // A door, which gives each question to whoever answers it.
    doors[name] = sys.spawn([this, name](caf::event_based_actor* self) -> caf::behavior {
      return {[this, name, self](get_parts x) -> caf::result<part_list> {
                if (silent.contains(name))
                  return held.emplace_back(self->make_response_promise<part_list>());
                return self->delegate(surveys[name], x);
              },
              [this, name, self](const guard::get_guards& x) -> caf::result<guard::reports> {
                return self->delegate(guards[name], x);
              },
              [this, name, self](const guard::get_guard& x) -> caf::result<guard::report> {
                return self->delegate(guards[name], x);
              }};
    });
  }

  void connect(const std::set<std::string>& reachable) {
    auto all = std::make_shared<door_map>();
    for (const auto& name : reachable)
      all->emplace(name, doors[name]);
    for (auto& [name, x] : surveys)
      caf::anon_send(x, updated{nullptr, all});
    run();
  }

  std::map<std::string, node_state> known;
  std::map<std::string, guard::guards_actor> guards;
  std::map<std::string, surveyor_actor> surveys;
  std::map<std::string, caf::actor> doors;
  std::set<std::string> silent;
  std::vector<caf::typed_response_promise<part_list>> held; // of those who are silent
  desk_actor desk;
};

TEST_F(Survey, TellsOfAllNodesInOrderAtEach) {
  for (const auto* name : {"n1", "n3"}) {
    const auto found = ask<guards_seen>(surveys[name], survey_guards{});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->told.size(), 3u);
    EXPECT_TRUE(found->not_told.empty());
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(found->told[i].node, "n" + std::to_string(i + 1));
      EXPECT_EQ(found->told[i].what.items.at(0).name, "payment." + found->told[i].node);
    }
  }
}

TEST_F(Survey, NamesWhoCannotBeReachedAndLeavesOutWhoHasLeft) {
  connect({"n1", "n2"});
  start("n4");
  known["n4"] = node_state::left;
  const auto found = ask<parts_seen>(surveys["n1"], survey_parts{});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->told.size(), 2u);
  ASSERT_EQ(found->not_told.size(), 1u);
  EXPECT_EQ(found->not_told[0].node, "n3");
  EXPECT_EQ(found->not_told[0].why, "it cannot be reached");
}

TEST_F(Survey, AnswersAfterASecondWithoutWhoIsSilent) {
  silent.insert("n2");
  auto response = self->request(surveys["n1"], caf::infinite, survey_parts{});
  run();
  advance(999ms);
  EXPECT_TRUE(self->mailbox().empty()) << "it waits still";
  advance(1ms);
  response.receive(
    [](const parts_seen& x) {
      EXPECT_EQ(x.told.size(), 2u);
      ASSERT_EQ(x.not_told.size(), 1u);
      EXPECT_EQ(x.not_told[0].why, "it did not answer in time");
    },
    [](const caf::error& why) { ADD_FAILURE() << to_string(why); });
}

TEST_F(Survey, TellsOfOneNodeAloneAndWhatItFailsWith) {
  const auto found = ask<parts_seen>(surveys["n1"], survey_parts{"n2"});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->told.size(), 1u);
  EXPECT_EQ(found->told[0].what.parts.at(0).path, "node of n2");
  EXPECT_EQ(ask<parts_seen>(surveys["n1"], survey_parts{"n9"}).error(), ec::refused);
  EXPECT_TRUE(ask<guard_seen>(surveys["n1"], survey_guard{"n3", "payment.main"}));
  EXPECT_EQ(ask<guard_seen>(surveys["n1"], survey_guard{"n3", "payment.other"}).error(),
            guard::rejection::unknown_guard);
}

} // namespace
} // namespace troupe::cluster
