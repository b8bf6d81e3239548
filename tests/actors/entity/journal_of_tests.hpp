// tests/actors/entity/journal_of_tests.hpp: a journal in memory, for the tests of what is stored in it.
#pragma once

#include "actors/entity/context.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace troupe::entity::test {

/// What the journal of a test holds, and how it behaves.
struct journal_book {
  std::map<journal::stream_name, journal::recovered_stream> streams;
  std::map<journal::stream_name, time_point> wake_ups;
  std::vector<journal::append> appends; // as they came
  std::vector<journal::stream_name> forgotten;
  int loads = 0;
  caf::error failure;    // of every append, while there is one
  caf::error unreadable; // of every load and search for what is due, while there is one
  bool holds = false;    // keeps what it is asked; see JournalOfTests::release
  bool holds_loads = false;
  std::vector<std::function<void()>> held;

  std::vector<journal::stored_event>& events(const journal::stream_name& name) { return streams[name].events; }

  caf::expected<journal::appended> store(journal::append x) {
    if (failure)
      return failure;
    auto& stored = streams[x.stream];
    if (stored.version() != x.expected_version)
      return caf::make_error(ec::version_conflict);
    auto version = stored.version();
    for (auto& e : x.events) {
      auto& added = stored.events.emplace_back();
      added.stream = x.stream;
      added.version = ++version;
      added.type = std::move(e.type);
      added.schema = e.schema;
      added.data = std::move(e.data);
      added.personal = std::move(e.personal);
      added.recorded_at = x.recorded_at;
      added.principal = x.principal;
      added.trace = x.trace;
    }
    if (x.snapshot) {
      stored.base = std::move(x.snapshot);
      std::erase_if(stored.events, [&](const auto& e) { return e.version <= stored.base->version; });
    }
    if (x.wake_up && x.wake_up->at)
      wake_ups[x.stream] = *x.wake_up->at;
    else if (x.wake_up)
      wake_ups.erase(x.stream);
    return journal::appended{version};
  }

  journal::due_page due(const journal::read_due& x) const {
    journal::due_page page;
    for (const auto& [stream, at] : wake_ups)
      if (stream.context == x.context && at <= x.until)
        page.items.push_back({stream, at});
    std::sort(page.items.begin(), page.items.end(), [](const auto& a, const auto& b) {
      return std::pair{a.at, a.stream} < std::pair{b.at, b.stream};
    });
    if (x.after)
      std::erase_if(page.items, [&](const auto& a) {
        return std::pair{a.at, a.stream} <= std::pair{x.after->at, x.after->stream};
      });
    if (page.items.size() > x.limit)
      page.items.resize(x.limit);
    return page;
  }
};

using journal_book_ptr = std::shared_ptr<journal_book>;

inline journal::journal_actor::behavior_type make_journal(journal::journal_actor::pointer self, journal_book_ptr book) {
  return {
    [self, book](journal::append& x) -> caf::result<journal::appended> {
      book->appends.push_back(x);
      if (!book->holds)
        return book->store(std::move(x));
      auto promise = self->make_response_promise<journal::appended>();
      book->held.emplace_back([book, promise, x = std::move(x)]() mutable {
        if (auto stored = book->store(std::move(x)))
          promise.deliver(*stored);
        else
          promise.deliver(stored.error());
      });
      return promise;
    },
    [self, book](const journal::load& x) -> caf::result<journal::recovered_stream> {
      ++book->loads;
      const auto answer = [book, x]() -> caf::expected<journal::recovered_stream> {
        if (book->unreadable)
          return book->unreadable;
        const auto found = book->streams.find(x.stream);
        return found == book->streams.end() ? journal::recovered_stream{} : found->second;
      };
      if (!book->holds_loads)
        return answer();
      auto promise = self->make_response_promise<journal::recovered_stream>();
      book->held.emplace_back([answer, promise]() mutable {
        if (auto found = answer())
          promise.deliver(std::move(*found));
        else
          promise.deliver(found.error());
      });
      return promise;
    },
    [book](const journal::forget& x) { book->forgotten.push_back(x.stream); },
    [book](const journal::read_stream& x) {
      journal::page page;
      if (const auto found = book->streams.find(x.stream); found != book->streams.end())
        for (const auto& e : found->second.events)
          if (e.version >= x.first_version && page.events.size() < x.limit)
            page.events.push_back(e);
      return page;
    },
    [](const journal::read_shard&) { return journal::page{}; },
    [book](const journal::read_due& x) -> caf::result<journal::due_page> {
      if (book->unreadable)
        return book->unreadable;
      return book->due(x);
    },
    [](const journal::read_keys&) { return journal::key_page{}; },
    [](const journal::read_positions&) { return journal::position_page{}; },
    [](const journal::read_latest&) { return journal::latest_events{}; },
    [](const journal::read_due_count&) { return journal::due_count{}; },
    [](const journal::get_health&) { return journal::health{}; },
    [](const journal::subscribe&) { return journal::subscribed{true}; },
    [](const journal::save_offsets&) {},
  };
}

/// A region of one context over such a journal, in virtual time.
template <class Region> class JournalOfTests : public troupe::test::deterministic_system {
protected:
  using response = caf::message;

  virtual Region spawn() = 0;

  void SetUp() override {
    journal = sys.spawn(make_journal, book);
    env.journal = journal;
    env.now = [this] { return now(); };
    env.random = [] { return std::uint64_t{0}; };
    region = spawn();
    run();
    nobody = sys.registry().running();
  }

  void TearDown() override {
    release();
    end_region();
    env.journal = nullptr;
    self->send_exit(journal, caf::exit_reason::kill);
    journal = nullptr;
    deterministic_system::TearDown();
  }

  void end_region() {
    self->send_exit(region, caf::exit_reason::kill);
    region = nullptr;
    run();
  }

  /// As after a crash: nothing is left but what is stored.
  void restart() {
    end_region();
    region = spawn();
    run();
  }

  /// How many entities are in memory.
  std::size_t in_memory() { return sys.registry().running() - nobody; }

  /// Lets the journal do what it has kept, and delivers what follows.
  void release() {
    book->holds = false;
    book->holds_loads = false;
    // Within the journal: a promise is delivered by the actor that made it.
    caf::anon_send(caf::actor_cast<caf::actor>(journal), caf::make_action([book = book] {
                     for (auto& x : std::exchange(book->held, {}))
                       x();
                   }));
    run();
  }

  /// Sends without delivering; see answer_of.
  template <class Command> auto request(Command command) {
    return self->request(region, caf::infinite, context, std::move(command));
  }

  /// What came of a request; the test fails when nothing has come yet.
  template <class Reply, class Response> caf::expected<Reply> answer_of(Response& response) {
    caf::expected<Reply> result{caf::sec::none};
    if (self->mailbox().empty()) {
      ADD_FAILURE() << "nothing was answered";
      return result;
    }
    response.receive([&](Reply& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  template <class Reply, class Command> caf::expected<Reply> tell(Command command) {
    auto response = request(std::move(command));
    run();
    return answer_of<Reply>(response);
  }

  bool nothing_is_answered() { return self->mailbox().empty(); }

  request_context context{"tester", {}, time_point::max()};
  journal_book_ptr book = std::make_shared<journal_book>();
  environment env;
  journal::journal_actor journal;
  Region region;
  std::size_t nobody = 0; // actors when no entity is in memory
};

} // namespace troupe::entity::test
