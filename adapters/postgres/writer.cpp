#include "adapters/postgres/writer.hpp"

#include "actors/cluster/lease_store.hpp"
#include "adapters/postgres/batch.hpp"
#include "adapters/postgres/migrations.hpp"
#include "adapters/postgres/row.hpp"
#include "adapters/postgres/server.hpp"

#include <charconv>
#include <sstream>

namespace troupe::postgres {

namespace {

constexpr std::uint64_t partition_offsets = 65'536;
constexpr std::uint64_t extend_before = 4'096; // offsets, so that a partition is there when it is needed

constexpr std::size_t range_of(std::uint16_t shard) {
  return shard / 256;
}

/// The statement of a batch with these contexts.
std::string commit_statement(const std::vector<std::string>& contexts) {
  std::ostringstream sql;
  sql << "SELECT " << waits_for_standby << ", troupe.fence($1, $2)";
  int parameter = 2;
  for (const auto& name : contexts) {
    sql << ", " << quoted(name) << ".append(";
    for (int i = 0; i < context_batch::parameters; ++i)
      sql << (i > 0 ? ", $" : "$") << ++parameter;
    sql << ')';
  }
  return sql.str();
}

std::set<std::uint16_t> shards_in(std::string_view message) {
  std::set<std::uint16_t> result;
  for (std::size_t at = message.find_first_of("0123456789"); at < message.size();) {
    std::uint16_t shard = 0;
    const auto [end, error] = std::from_chars(message.data() + at, message.data() + message.size(), shard);
    if (error == std::errc{})
      result.insert(shard);
    at = message.find_first_of("0123456789", static_cast<std::size_t>(end - message.data()));
  }
  return result;
}

/// "{1,5,7}"
std::string array_of(const journal::shard_set& shards) {
  std::string result = "{";
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (shards.test(shard))
      result += (result.size() > 1 ? "," : "") + std::to_string(shard);
  return result + "}";
}

std::string array_of(const std::map<std::uint16_t, std::uint64_t>& epochs) {
  journal::shard_set shards;
  for (const auto& [shard, epoch] : epochs)
    shards.set(shard);
  return array_of(shards);
}

} // namespace

/// One statement's worth.
struct writer::attempt {
  std::map<std::string, context_batch> contexts;
  std::map<std::uint16_t, std::uint64_t> epochs; // by shard
};

writer::writer(const options& config, std::shared_ptr<acknowledged> known)
  : config_(config), known_(std::move(known)), db_(config, "writer") {
  refuse_weak_durability(db_, config_);
  if (config_.migrate)
    migrate(db_);
  else
    require_newest(db_);
  refuse_half_filled(db_, config_);
  synchronous_ = recognize_server(db_, *known_);
}

caf::expected<std::vector<journal::lease>> writer::acquire(const journal::claim& x) {
  return guarded([&] {
    for (const auto& name : x.contexts)
      db_.query("SELECT troupe.add_context($1)", name);
    auto states = contexts_;
    std::map<std::uint16_t, std::uint64_t> epochs;
    db_.in_transaction("BEGIN", [&] {
      epochs = take(x);
      for (const auto& name : x.contexts)
        read_context(name, array_of(epochs), states[name]);
    });
    std::vector<journal::lease> leases;
    leases.reserve(x.contexts.size() * epochs.size());
    for (const auto& name : x.contexts) {
      auto& context = states[name];
      for (const auto& [shard, epoch] : epochs) {
        context.shards[shard].epoch = epoch;
        leases.push_back({name, shard, epoch, context.shards[shard].next_offset});
      }
    }
    contexts_ = std::move(states);
    return leases;
  });
}

std::map<std::uint16_t, std::uint64_t> writer::take(const journal::claim& x) {
  std::map<std::uint16_t, std::uint64_t> epochs;
  const auto note = [&epochs](const pqxx::result& rows) {
    for (const auto& row : rows)
      epochs[static_cast<std::uint16_t>(number(row[0]))] = number(row[1]);
  };
  if (x.incarnation == 0) {
    db_.run("SELECT FROM troupe.shards ORDER BY shard FOR UPDATE");
    note(db_.query("UPDATE troupe.shards SET epoch = epoch + 1, owner = $1, incarnation = 0, target = NULL "
                   "RETURNING shard, epoch",
                   x.node));
    return epochs;
  }
  const auto wanted = array_of(x.shards);
  if (db_
        .query("SELECT FROM troupe.nodes WHERE name = $1 AND incarnation = $2 AND state <> 'left' "
               "AND lease_until > clock_timestamp() FOR KEY SHARE",
               x.node, x.incarnation)
        .empty())
    throw refusal{caf::make_error(cluster::rejection::lease_lost, "incarnation " + std::to_string(x.incarnation)
                                                                    + " is not that of " + x.node + " any more")};
  db_.query("SELECT FROM troupe.shards WHERE shard = ANY ($1::int2[]) ORDER BY shard FOR UPDATE", wanted);
  note(db_.query("UPDATE troupe.shards AS s SET epoch = epoch + 1, owner = $1, incarnation = $2 "
                 "WHERE shard = ANY ($3::int2[]) AND ((owner = $1 AND incarnation = $2) OR (target = $1 AND NOT EXISTS "
                 "(SELECT FROM troupe.nodes AS n WHERE n.name = s.owner AND n.incarnation = s.incarnation "
                 "AND n.lease_until > clock_timestamp()))) RETURNING shard, epoch",
                 x.node, x.incarnation, wanted));
  return epochs;
}

caf::expected<void> writer::release(const std::string& node, std::uint64_t incarnation,
                                    const journal::shard_set& shards) {
  return guarded([&] {
    db_.query("WITH own AS (SELECT shard FROM troupe.shards WHERE shard = ANY ($1::int2[]) AND owner = $2 "
              "AND incarnation = $3 ORDER BY shard FOR UPDATE) "
              "UPDATE troupe.shards AS s SET owner = NULL, incarnation = 0 FROM own WHERE s.shard = own.shard",
              array_of(shards), node, incarnation);
    for (auto& [name, context] : contexts_)
      for (std::uint16_t shard = 0; shard < shard_count; ++shard)
        if (shards.test(shard))
          context.shards[shard].epoch = 0;
  });
}

void writer::read_context(const std::string& name, const std::string& shards, context_state& into) {
  into.shards.resize(shard_count);
  for (const auto& row : db_.query(last_offsets_statement(name, "unnest($1::int2[])"), shards))
    into.shards[number(row[0])].next_offset = number(row[1]) + 1;
  for (const auto& row :
       db_.query("SELECT range, max(number) FROM troupe.partitions WHERE context = $1 GROUP BY range", name))
    into.partitions_end.at(number(row[0])) = (number(row[1]) + 1) * partition_offsets + 1;
}

caf::expected<std::vector<journal::write_result>> writer::commit(std::span<const journal::write> batch,
                                                                 std::span<const journal::offset_mark> marks) {
  if (!broken_.empty())
    return caf::make_error(ec::store_unavailable, "the store must be opened again: " + broken_);
  auto result = guarded([&] {
    std::set<std::uint16_t> lost;
    for (;;) {
      std::vector<journal::write_result> results;
      results.reserve(batch.size());
      attempt next;
      std::int32_t count = 0;
      std::map<std::pair<std::string_view, std::uint16_t>, std::uint64_t> offsets;
      for (const auto& x : batch) {
        const auto shard = x.stream.shard();
        auto* context = lost.contains(shard) ? nullptr : find_owned(x.stream.context, shard, x.epoch);
        results.push_back(context ? journal::write_result::stored : journal::write_result::shard_lost);
        if (!context)
          continue;
        auto& offset = offsets.try_emplace({x.stream.context, shard}, context->shards[shard].next_offset).first->second;
        for (const auto& e : x.events)
          if (e.shard != shard || e.offset != offset++)
            throw failure{ec::version_conflict, "shard " + std::to_string(shard) + " of " + x.stream.context
                                                  + " goes on at offset " + std::to_string(offset - 1) + ", not at "
                                                  + std::to_string(e.offset)};
        extend(x.stream.context, *context, shard, offset);
        next.contexts[x.stream.context].add(x, count);
        next.epochs[shard] = x.epoch;
      }
      for (const auto& x : marks)
        if (!lost.contains(x.shard) && find_owned(x.context, x.shard, x.epoch)) {
          next.contexts[x.context].add(x);
          next.epochs[x.shard] = x.epoch;
        }
      const auto stale = next.contexts.empty() ? std::set<std::uint16_t>{} : send(next);
      if (stale.empty()) {
        for (const auto& [where, offset] : offsets) {
          const auto found = contexts_.find(std::string{where.first});
          found->second.shards[where.second].next_offset = offset;
          known_->note(found->first, where.second, offset - 1);
        }
        return results;
      }
      lost.insert(stale.begin(), stale.end());
    }
  });
  if (!result && code_of(result.error()) != ec::version_conflict)
    broken_ = to_string(result.error());
  return result;
}

std::set<std::uint16_t> writer::send(const attempt& x) {
  std::vector<pqxx::binarystring> parameters;
  parameters.reserve(2 + x.contexts.size() * context_batch::parameters);
  binary_array<int2_items> shards;
  binary_array<int8_items> epochs;
  for (const auto& [shard, epoch] : x.epochs) {
    shards.add(static_cast<std::int16_t>(shard));
    epochs.add(static_cast<std::int64_t>(epoch));
  }
  parameters.push_back(shards.parameter());
  parameters.push_back(epochs.parameter());
  std::vector<std::string> names;
  for (const auto& [name, part] : x.contexts) {
    names.push_back(name);
    part.append_to(parameters);
  }
  bool synchronous = synchronous_;
  try {
    synchronous = db_.query_binary(commit_statement(names), parameters)[0][0].as<bool>();
  } catch (const failure& why) {
    if (why.sqlstate() == stale_shards)
      if (auto stale = shards_in(why.text()); !stale.empty())
        return stale;
    if (is_unknown(why))
      throw failure{ec::commit_unknown, why.text(), why.sqlstate()};
    throw;
  }
  if (warns_of_standby(db_.take_notices()))
    throw failure{ec::commit_unknown, "PostgreSQL was told not to wait for its synchronous standby"};
  if (synchronous != synchronous_) {
    try {
      note_synchronous(db_, synchronous);
    } catch (const failure& why) {
      throw failure{ec::commit_unknown, why.text(), why.sqlstate()};
    }
    synchronous_ = synchronous;
  }
  return {};
}

void writer::extend(const std::string& context, context_state& in, std::uint16_t shard, std::uint64_t offset) {
  auto& end = in.partitions_end[range_of(shard)];
  while (offset + extend_before >= end) {
    db_.query("SELECT troupe.extend($1, $2, $3)", context, static_cast<int>(range_of(shard)),
              (end - 1) / partition_offsets);
    end += partition_offsets;
  }
}

writer::context_state* writer::find_owned(const std::string& context, std::uint16_t shard, std::uint64_t epoch) {
  const auto found = contexts_.find(context);
  const bool owned =
    found != contexts_.end() && shard < shard_count && epoch != 0 && found->second.shards[shard].epoch == epoch;
  return owned ? &found->second : nullptr;
}

} // namespace troupe::postgres
