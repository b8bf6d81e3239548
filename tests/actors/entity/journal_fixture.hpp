// tests/actors/entity/journal_fixture.hpp: the journal's actor over a store of a few lines.
#pragma once

#include "actors/entity/journal_actor.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>

namespace troupe::journal {

/// Stands in for a store: commits when told to, and can be made to fail.
struct fake_store {
  std::deque<std::vector<write>> commits;     // in the order in which they came
  std::deque<std::vector<offset_mark>> marks; // of each of them
  std::map<std::string, recovered_stream> streams;
  caf::error next_failure;                // of the next commit
  std::vector<write_result> next_results; // of the next commit; stored for all when empty
  std::uint64_t epoch = 0;
  std::vector<claim> claims;
  std::vector<release> releases;
  caf::error claim_failure;
  shard_set taken_by_others; // of a cluster
  bool opens = true;
  int opened = 0;
  bool hold = false; // keep the answers of commits
  std::vector<caf::typed_response_promise<batch_result>> held;
  bool hold_reads = false;
  std::vector<std::function<void()>> held_reads; // each answers one
};

using store_ptr = std::shared_ptr<fake_store>;

inline writer_actor::behavior_type fake_writer(writer_actor::pointer self, store_ptr store) {
  return {
    [self, store](const batch& x) -> caf::result<batch_result> {
      store->commits.push_back(x.writes);
      store->marks.push_back(x.marks);
      if (store->next_failure)
        return std::exchange(store->next_failure, {});
      if (store->hold) {
        auto promise = self->make_response_promise<batch_result>();
        store->held.push_back(promise);
        return promise;
      }
      auto results = std::exchange(store->next_results, {});
      results.resize(x.writes.size(), write_result::stored);
      return batch_result{std::move(results)};
    },
    [store](const reopen& x) -> caf::result<leases> {
      ++store->opened;
      if (!store->opens)
        return caf::make_error(ec::store_unavailable);
      ++store->epoch;
      leases all;
      for (const auto& context : x.what.contexts)
        for (std::uint16_t shard = 0; shard < shard_count; ++shard)
          if (x.what.shards.test(shard))
            all.items.push_back({context, shard, store->epoch, 1});
      return all;
    },
    [self, store](const claim& x) -> caf::result<leases> {
      store->claims.push_back(x);
      if (store->claim_failure)
        return store->claim_failure;
      ++store->epoch;
      leases granted;
      for (const auto& context : x.contexts)
        for (std::uint16_t shard = 0; shard < shard_count; ++shard)
          if (x.shards.test(shard) && !store->taken_by_others.test(shard))
            granted.items.push_back({context, shard, store->epoch, 1});
      return granted;
    },
    [store](const release& x) -> caf::result<void> {
      store->releases.push_back(x);
      return caf::unit;
    },
  };
}

inline reader_actor::behavior_type fake_reader(reader_actor::pointer self, store_ptr store) {
  const auto answer = [self, store]<class Answer>(Answer x) -> caf::result<Answer> {
    if (!store->hold_reads)
      return x;
    auto promise = self->make_response_promise<Answer>();
    store->held_reads.push_back([promise, x]() mutable { promise.deliver(std::move(x)); });
    return promise;
  };
  return {
    [store, answer](const load& x) { return answer(store->streams[x.stream.key]); },
    [answer](const read_stream&) { return answer(page{}); },
    [answer](const read_shard&) { return answer(page{}); },
    [answer](const read_due&) { return answer(due_page{}); },
    [answer](const read_keys&) { return answer(key_page{}); },
    [answer](const read_positions&) { return answer(position_page{}); },
    [answer](const read_latest&) { return answer(latest_events{}); },
    [answer](const read_due_count&) { return answer(due_count{}); },
  };
}

class JournalActor : public test::deterministic_system {
protected:
  void SetUp() override {
    store = std::make_shared<fake_store>();
    writer = sys.spawn(fake_writer, store);
    reader = sys.spawn(fake_reader, store);
    journal = spawn({{"order"}, "node-1"});
  }

  journal_actor spawn(options with) {
    auto spawned =
      sys.spawn<journal_actor_impl>(std::move(with), dependencies{writer, reader, [this] { return now(); }});
    run();
    return spawned;
  }

  void TearDown() override {
    store->held.clear();
    store->held_reads.clear();
    self->send_exit(journal, caf::exit_reason::kill);
    journal = nullptr;
    writer = nullptr;
    reader = nullptr;
    deterministic_system::TearDown();
  }

  append one(std::string key, std::uint64_t expected, int events = 1) {
    append x;
    x.stream = {"order", std::move(key)};
    x.expected_version = expected;
    for (int i = 0; i < events; ++i)
      x.events.push_back({"order.placed", 1, "{}", ""});
    x.recorded_at = now();
    return x;
  }

  /// Lets the store answer what it has held back, and delivers what follows.
  void release() {
    // Within the writer: a promise is delivered by the actor that made it.
    caf::anon_send(caf::actor_cast<caf::actor>(writer), caf::make_action([store = store] {
                     const auto writes = store->commits.back().size();
                     for (auto& promise : std::exchange(store->held, {}))
                       promise.deliver(batch_result{std::vector<write_result>(writes, write_result::stored)});
                   }));
    run();
  }

  /// The same for what it was asked to read.
  void release_reads() {
    caf::anon_send(caf::actor_cast<caf::actor>(reader), caf::make_action([store = store] {
                     for (auto& answer : std::exchange(store->held_reads, {}))
                       answer();
                   }));
    run();
  }

  /// Sends without delivering; the answer can be received after run().
  auto request(append x) { return self->request(journal, caf::infinite, std::move(x)); }

  template <class Response> static std::uint64_t version_of(Response& response) {
    std::uint64_t version = 0;
    response.receive([&](const appended& x) { version = x.version; },
                     [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
    return version;
  }

  template <class Response> static caf::error error_of(Response& response) {
    caf::error error;
    response.receive([](const appended&) { ADD_FAILURE() << "was stored"; }, [&](const caf::error& e) { error = e; });
    return error;
  }

  store_ptr store;
  writer_actor writer;
  reader_actor reader;
  journal_actor journal;
};

} // namespace troupe::journal
