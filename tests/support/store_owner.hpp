// tests/support/store_owner.hpp: makes writes like the owner of a store's shards, for tests of stores.
#pragma once

#include "actors/entity/store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

inline constexpr time_point first_noon{std::chrono::seconds{1'700'000'000}};

class store_owner {
public:
  store_owner(journal::store_writer& writer, std::vector<std::string> contexts, std::string node = "node-1")
    : writer_(writer), node_(std::move(node)) {
    auto leases = writer.acquire(contexts, node_);
    if (!leases)
      ADD_FAILURE() << to_string(leases.error());
    else
      for (const auto& x : *leases)
        shards_[{x.context, x.shard}] = x;
  }

  const journal::lease& lease_of(const journal::stream_name& stream) {
    return shards_[{stream.context, stream.shard()}];
  }

  /// A write of `count` events that follow the stream's version as this owner knows it.
  journal::write make(const journal::stream_name& stream, std::size_t count, const std::string& data = "{}") {
    auto& lease = shards_[{stream.context, stream.shard()}];
    auto& version = versions_[stream];
    journal::write result;
    result.stream = stream;
    result.epoch = lease.epoch;
    for (; count > 0; --count) {
      auto& e = result.events.emplace_back();
      e.stream = stream;
      e.version = ++version;
      e.shard = stream.shard();
      e.offset = lease.next_offset++;
      e.type = stream.context + ".tested";
      e.schema = 2;
      e.data = data;
      e.personal = R"({"email":"a@example.org"})";
      e.recorded_at = first_noon + duration{static_cast<std::int64_t>(version)};
      e.epoch = lease.epoch;
      e.node = node_;
      e.principal = "customer";
      e.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      e.checksum = checksum_of(e);
    }
    return result;
  }

  caf::expected<std::vector<journal::write_result>> commit(std::vector<journal::write> batch) {
    return writer_.commit(batch);
  }

  /// Stores `count` events and returns them.
  std::vector<journal::stored_event> store(const journal::stream_name& stream, std::size_t count,
                                           const std::string& data = "{}") {
    auto x = make(stream, count, data);
    auto events = x.events;
    auto result = writer_.commit({&x, 1});
    if (!result)
      ADD_FAILURE() << to_string(result.error());
    else
      EXPECT_EQ(*result, std::vector{journal::write_result::stored});
    return events;
  }

  void set_version(const journal::stream_name& stream, std::uint64_t x) { versions_[stream] = x; }

private:
  journal::store_writer& writer_;
  std::string node_;
  std::map<std::pair<std::string, std::uint16_t>, journal::lease> shards_;
  std::map<journal::stream_name, std::uint64_t> versions_;
};

/// The value, or a failure of the test that says what the error was.
template <class T> T value_of(caf::expected<T> x) {
  if (x)
    return std::move(*x);
  ADD_FAILURE() << to_string(x.error());
  return T{};
}

template <class T> ec failure_of(const caf::expected<T>& x) {
  return x ? ec{} : code_of(x.error());
}

} // namespace troupe::test
