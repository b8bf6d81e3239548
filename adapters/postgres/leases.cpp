#include "adapters/postgres/leases.hpp"

#include "adapters/postgres/binary_array.hpp"
#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/deadline.hpp"
#include "adapters/postgres/migrations.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace troupe::postgres {

using namespace cluster;

namespace {

caf::error lost(const std::string& name, std::uint64_t incarnation) {
  return caf::make_error(rejection::lease_lost,
                         "incarnation " + std::to_string(incarnation) + " is not that of " + name + " any more");
}

/// "{1,5,7}"
std::vector<std::uint64_t> numbers(const pqxx::field& x) {
  std::vector<std::uint64_t> result;
  result.reserve(shard_count);
  const auto* const end = x.c_str() + x.size();
  for (const auto* at = x.c_str() + 1; at < end;) {
    std::uint64_t value = 0;
    at = std::from_chars(at, end, value).ptr + 1;
    result.push_back(value);
  }
  return result;
}

node_record node_of(const nlohmann::json& x) {
  node_record result;
  result.name = x.at("name");
  result.incarnation = x.at("incarnation");
  result.address = x.at("address");
  const auto roles = parse_role_set(x.at("roles").get<std::string>());
  const auto state = parse_node_state(x.at("state").get<std::string>());
  if (!roles || !state)
    throw failure{ec::store_damaged, "node " + result.name + " has roles or a state that do not exist"};
  result.roles = *roles;
  result.state = *state;
  result.labels = x.at("labels").get<std::map<std::string, std::string>>();
  result.weight = x.at("weight");
  result.version = x.at("version");
  result.protocol = x.at("protocol");
  result.lease_left = duration{x.at("lease_left").get<std::int64_t>()};
  return result;
}

view view_of(const pqxx::row& row) {
  view result;
  result.plan_version = number(row[0]);
  for (const auto& x : nlohmann::json::parse(text(row[1])))
    result.nodes.push_back(node_of(x));
  std::vector<std::string> names{""};
  for (auto& x : nlohmann::json::parse(text(row[2])))
    names.push_back(x.get<std::string>());
  const auto owners = numbers(row[3]);
  const auto incarnations = numbers(row[4]);
  const auto epochs = numbers(row[5]);
  const auto targets = numbers(row[6]);
  for (std::size_t i = 0; i < shard_count; ++i)
    result.shards[i] = {names.at(owners.at(i)), incarnations.at(i), epochs.at(i), names.at(targets.at(i))};
  return result;
}

class leases final : public lease_store {
public:
  leases(const options& config, duration patience) : db_(config, "leases", 2), deadline_(db_.link().sock(), patience) {
    deadline_.hold([&] {
      const auto limit = std::to_string(patience.count() * 3 / 4) + "ms'";
      db_.run("SET statement_timeout = '" + limit + "; SET lock_timeout = '" + limit);
      require_newest(db_);
    });
  }

  caf::expected<std::uint64_t> join(const node_record& self, duration lease, std::uint64_t replaces) override {
    return call([&]() -> std::uint64_t {
      if (auto why = why_invalid(self); !why.empty())
        throw refusal{caf::make_error(rejection::not_valid, std::move(why))};
      // What is not text in UTF-8 is refused by the server, and not mended on the way to it.
      const auto labels = nlohmann::json(self.labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore);
      const auto rows = db_.query("SELECT troupe.join_node($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", self.name,
                                  self.address, to_string(self.roles), labels, self.weight, self.version, self.protocol,
                                  std::string{name_of(self.state)}, lease.count(), replaces, remembered_for.count());
      if (rows[0][0].is_null())
        throw refusal{caf::make_error(rejection::name_taken, "another process has joined as " + self.name
                                                               + ", and its lease has not run out")};
      return number(rows[0][0]);
    });
  }

  caf::expected<view> renew(const std::string& name, std::uint64_t incarnation, node_state state,
                            duration lease) override {
    return call([&] {
      if (state != node_state::up && state != node_state::draining)
        throw refusal{caf::make_error(rejection::not_valid, std::string{"state: up or draining is wanted"})};
      const auto rows = db_.query("SELECT * FROM troupe.renew_node($1, $2, $3, $4)", name, incarnation,
                                  std::string{name_of(state)}, lease.count());
      if (rows.empty())
        throw refusal{lost(name, incarnation)};
      return view_of(rows[0]);
    });
  }

  caf::expected<bool> put_targets(std::uint64_t plan_version, std::span<const target_change> changes) override {
    return call([&] {
      std::map<std::uint16_t, std::string_view> latest;
      for (const auto& x : changes) {
        if (x.shard >= shard_count)
          throw refusal{caf::make_error(rejection::not_valid, "shard: there is no " + std::to_string(x.shard))};
        latest[x.shard] = x.target;
      }
      if (latest.empty())
        return !db_.query("SELECT FROM troupe.meta WHERE plan_version = $1", plan_version).empty();
      std::string version;
      put(version, static_cast<std::int64_t>(plan_version));
      binary_array<int2_items> shards;
      binary_array<text_items> targets;
      for (const auto& [shard, target] : latest) {
        shards.add(static_cast<std::int16_t>(shard));
        targets.add(target);
      }
      const auto rows = db_.query_binary("SELECT troupe.put_targets($1, $2, $3)",
                                         {pqxx::binarystring{version}, shards.parameter(), targets.parameter()});
      return rows[0][0].as<bool>();
    });
  }

  caf::error expire(const std::string& name, std::uint64_t incarnation) override {
    return error_of(call([&] {
      db_.query("UPDATE troupe.nodes SET lease_until = clock_timestamp() WHERE name = $1 AND incarnation = $2 "
                "AND lease_until > clock_timestamp()",
                name, incarnation);
    }));
  }

  caf::error leave(const std::string& name, std::uint64_t incarnation) override {
    return error_of(call([&] {
      const auto why = text(db_.query("SELECT troupe.leave_node($1, $2)", name, incarnation)[0][0]);
      if (why == "lease_lost")
        throw refusal{lost(name, incarnation)};
      if (why == "shards_held")
        throw refusal{caf::make_error(rejection::shards_held, name + " owns shards, which it must release first")};
    }));
  }

private:
  static caf::error error_of(const caf::expected<void>& x) { return x ? caf::error{} : x.error(); }

  template <class Body> auto call(Body&& body) -> caf::expected<decltype(body())> {
    return guarded([&] {
      try {
        std::ignore = db_.take_notices();
        if constexpr (std::is_void_v<decltype(body())>) {
          deadline_.hold(body);
          refuse_unreplicated();
        } else {
          auto result = deadline_.hold(body);
          refuse_unreplicated();
          return result;
        }
      } catch (const failure& why) {
        if (why.sqlstate().starts_with("22")) // What was sent is not what the database takes, such as text.
          throw refusal{caf::make_error(rejection::not_valid, why.text())};
        if (is_unknown(why))
          throw failure{ec::commit_unknown, why.text(), why.sqlstate()};
        throw;
      }
    });
  }

  // A lease that the standby does not have is none after its promotion.
  void refuse_unreplicated() {
    if (warns_of_standby(db_.take_notices()))
      throw failure{ec::commit_unknown, "the synchronous standby has not answered in time"};
  }

  connection db_;
  deadline deadline_;
};

} // namespace

caf::expected<std::unique_ptr<lease_store>> open_leases(const options& config, duration patience) {
  return guarded([&]() -> std::unique_ptr<lease_store> { return std::make_unique<leases>(config, patience); });
}

} // namespace troupe::postgres
