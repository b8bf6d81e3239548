#include "adapters/postgres/batch.hpp"

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/row.hpp"

namespace troupe::postgres {

void context_batch::add(const journal::write& x, std::int32_t& count) {
  auto& into = streams_[x.stream.key];
  into.shard = x.stream.shard();
  for (const auto& e : x.events) {
    if (!into.from) {
      into.from = e.version - 1;
      into.to = e.version - 1;
    }
    if (e.version != into.to + 1)
      throw failure{ec::version_conflict, name_of(x.stream) + " has version " + std::to_string(into.to) + ", version "
                                            + std::to_string(e.version) + " cannot follow"};
    ++into.to;
    add_event(e, count++);
  }
  if (x.wake_up)
    into.wake_up = x.wake_up;
  if (x.snapshot) {
    if (x.snapshot->version == 0 || (into.from && x.snapshot->version > into.to))
      throw failure{ec::version_conflict, "a snapshot of a version that " + name_of(x.stream) + " does not have"};
    if (!into.snapshot || x.snapshot->version >= into.snapshot->version)
      into.snapshot = &*x.snapshot;
  }
}

void context_batch::add_event(const journal::stored_event& x, std::int32_t count) {
  e_shard_.add(static_cast<std::int16_t>(x.shard));
  e_offset_.add(static_cast<std::int64_t>(x.offset));
  e_key_.add(x.stream.key);
  e_version_.add(static_cast<std::int64_t>(x.version));
  e_count_.add(count);
  e_schema_.add(x.schema);
  e_at_.add(x.recorded_at.time_since_epoch().count());
  e_epoch_.add(static_cast<std::int64_t>(x.epoch));
  e_checksum_.add(static_cast<std::int64_t>(x.checksum));
  e_type_.add(x.type);
  e_node_.add(x.node);
  e_principal_.add(x.principal);
  e_trace_.add(x.trace);
  e_data_.add(x.data);
  e_personal_.add(x.personal);
}

void context_batch::add(const journal::offset_mark& x) {
  marks_[{x.outlet, x.shard}] = x.offset;
}

void context_batch::append_to(std::vector<pqxx::binarystring>& out) const {
  binary_array<bytea_items> g_key, n_key, c_key, s_key, s_data;
  binary_array<int8_items> g_from, g_to, g_wake, n_to, n_wake, s_version, s_at, s_checksum;
  binary_array<int4_items> g_wakes, s_schema;
  binary_array<int2_items> n_shard;
  const auto add_time = [](binary_array<int8_items>& to, const std::optional<journal::wake_up_change>& x) {
    if (x && x->at)
      to.add(x->at->time_since_epoch().count());
    else
      to.add_null();
  };
  for (const auto& [key, x] : streams_) {
    if (x.from.value_or(0) > 0) {
      g_key.add(key);
      g_from.add(static_cast<std::int64_t>(*x.from));
      g_to.add(static_cast<std::int64_t>(x.to));
      g_wakes.add(!x.wake_up ? 0 : x.wake_up->at ? 1 : 2);
      add_time(g_wake, x.wake_up);
    } else if (x.from || x.wake_up) {
      n_key.add(key);
      n_shard.add(static_cast<std::int16_t>(x.shard));
      n_to.add(static_cast<std::int64_t>(x.to));
      add_time(n_wake, x.wake_up);
      if (x.from && x.wake_up && !x.wake_up->at)
        c_key.add(key); // The stream may have stood there without events, with a wake-up.
    }
    if (x.snapshot) {
      s_key.add(key);
      s_version.add(static_cast<std::int64_t>(x.snapshot->version));
      s_schema.add(x.snapshot->schema);
      s_at.add(x.snapshot->recorded_at.time_since_epoch().count());
      s_checksum.add(static_cast<std::int64_t>(checksum_of(key, *x.snapshot)));
      s_data.add(x.snapshot->data);
    }
  }
  binary_array<text_items> m_outlet;
  binary_array<int2_items> m_shard;
  binary_array<int8_items> m_offset;
  for (const auto& [where, offset] : marks_) {
    m_outlet.add(where.first);
    m_shard.add(static_cast<std::int16_t>(where.second));
    m_offset.add(static_cast<std::int64_t>(offset));
  }
  const auto add = [&out](const auto&... arrays) { (out.push_back(arrays.parameter()), ...); };
  add(g_key, g_from, g_to, g_wakes, g_wake, n_key, n_shard, n_to, n_wake, c_key);
  add(e_shard_, e_offset_, e_key_, e_version_, e_count_, e_schema_, e_at_, e_epoch_, e_checksum_, e_type_, e_node_,
      e_principal_, e_trace_, e_data_, e_personal_);
  add(s_key, s_version, s_schema, s_at, s_checksum, s_data, m_outlet, m_shard, m_offset);
}

} // namespace troupe::postgres
