#include "adapters/simulated_store/simulated_leases.hpp"

#include <algorithm>

namespace troupe::simulated {

using namespace cluster;

namespace {

caf::error lost(const std::string& name, std::uint64_t incarnation) {
  return caf::make_error(rejection::lease_lost,
                         "incarnation " + std::to_string(incarnation) + " is not that of " + name + " any more");
}

} // namespace

lease_table::lease_table(clock_fn now)
  : now_(std::move(now)), faults_(std::make_shared<lease_faults>()), shards_(shard_count) {}

void lease_table::set_faults(std::shared_ptr<lease_faults> x) {
  faults_ = x ? std::move(x) : std::make_shared<lease_faults>();
}

view lease_table::look() const {
  view result;
  for (const auto& [name, x] : nodes_) {
    result.nodes.push_back(x.record);
    result.nodes.back().lease_left = std::chrono::duration_cast<duration>(x.until - now_());
  }
  result.shards = shards_;
  result.plan_version = plan_version_;
  return result;
}

lease_table::node* lease_table::find(const std::string& name, std::uint64_t incarnation) {
  const auto found = nodes_.find(name);
  return found != nodes_.end() && found->second.record.incarnation == incarnation ? &found->second : nullptr;
}

bool lease_table::is_served(const shard_record& x) const {
  const auto found = nodes_.find(x.owner);
  return found != nodes_.end() && found->second.record.incarnation == x.incarnation && has_lease(found->second);
}

bool lease_table::owns_any(const node& x) const {
  return std::any_of(shards_.begin(), shards_.end(), [&](const shard_record& shard) {
    return shard.owner == x.record.name && shard.incarnation == x.record.incarnation;
  });
}

void lease_table::forget() {
  std::erase_if(nodes_, [&](const auto& x) { return x.second.until + remembered_for < now_() && !owns_any(x.second); });
}

lease_connection::lease_connection(std::shared_ptr<lease_table> table, std::string user)
  : table_(std::move(table)), user_(std::move(user)) {}

template <class Result, class Work> Result lease_connection::call(lease_call what, Work work) {
  const auto faults = table_->faults_; // They may be replaced while they pass time.
  const auto fate = faults->on_call(what, user_);
  if (fate == lease_fate::refused)
    return caf::make_error(ec::store_unavailable, std::string{"the store cannot be reached"});
  Result result = work();
  faults->on_answer(what, user_);
  if (fate == lease_fate::unheard)
    return caf::make_error(ec::commit_unknown, std::string{"the connection broke before the answer"});
  return result;
}

caf::expected<std::uint64_t> lease_connection::join(const node_record& self, duration lease, std::uint64_t replaces) {
  using result = caf::expected<std::uint64_t>;
  return call<result>(lease_call::join, [&]() -> result {
    if (auto why = why_invalid(self); !why.empty())
      return caf::make_error(rejection::not_valid, std::move(why));
    auto& table = *table_;
    if (const auto found = table.nodes_.find(self.name);
        found != table.nodes_.end() && table.has_lease(found->second) && found->second.record.incarnation != replaces)
      return caf::make_error(rejection::name_taken,
                             "another process has joined as " + self.name + ", and its lease has not run out");
    table.forget();
    auto& x = table.nodes_[self.name];
    x.record = self;
    x.record.incarnation = ++table.incarnations_;
    x.until = table.now_() + lease;
    return x.record.incarnation;
  });
}

caf::expected<view> lease_connection::renew(const std::string& name, std::uint64_t incarnation, node_state state,
                                            duration lease) {
  using result = caf::expected<view>;
  return call<result>(lease_call::renew, [&]() -> result {
    if (state != node_state::up && state != node_state::draining)
      return caf::make_error(rejection::not_valid, std::string{"state: up or draining is wanted"});
    auto* x = table_->find(name, incarnation);
    if (!x || x->record.state == node_state::left)
      return lost(name, incarnation);
    x->record.state = state;
    x->until = table_->now_() + lease;
    return table_->look();
  });
}

caf::expected<bool> lease_connection::put_targets(std::uint64_t plan_version, std::span<const target_change> changes) {
  using result = caf::expected<bool>;
  return call<result>(lease_call::put_targets, [&]() -> result {
    for (const auto& x : changes)
      if (x.shard >= shard_count)
        return caf::make_error(rejection::not_valid, "shard: there is no " + std::to_string(x.shard));
    if (table_->plan_version_ != plan_version)
      return false;
    for (const auto& x : changes)
      table_->shards_[x.shard].target = x.target;
    table_->plan_version_ += !changes.empty();
    return true;
  });
}

caf::error lease_connection::expire(const std::string& name, std::uint64_t incarnation) {
  return call<caf::error>(lease_call::expire, [&] {
    if (auto* x = table_->find(name, incarnation); x && table_->has_lease(*x))
      x->until = table_->now_();
    return caf::error{};
  });
}

caf::error lease_connection::leave(const std::string& name, std::uint64_t incarnation) {
  return call<caf::error>(lease_call::leave, [&] {
    auto* x = table_->find(name, incarnation);
    if (!x)
      return lost(name, incarnation);
    if (table_->owns_any(*x))
      return caf::make_error(rejection::shards_held, name + " owns shards, which it must release first");
    if (x->record.state != node_state::left)
      x->until = std::min(x->until, table_->now_());
    x->record.state = node_state::left;
    return caf::error{};
  });
}

caf::expected<std::vector<granted_shard>> lease_connection::claim(const std::string& name, std::uint64_t incarnation,
                                                                  std::span<const std::uint16_t> shards) {
  using result = caf::expected<std::vector<granted_shard>>;
  return call<result>(lease_call::claim, [&]() -> result {
    auto* self = table_->find(name, incarnation);
    if (!self || !table_->has_lease(*self))
      return lost(name, incarnation);
    std::vector<granted_shard> granted;
    for (const auto shard : shards) {
      if (shard >= shard_count)
        continue;
      auto& x = table_->shards_[shard];
      const bool own = x.owner == name && x.incarnation == incarnation;
      if (!own && (x.target != name || table_->is_served(x)))
        continue;
      x.owner = name;
      x.incarnation = incarnation;
      granted.push_back({shard, ++x.epoch});
    }
    table_->claims_ += granted.size();
    return granted;
  });
}

caf::expected<std::vector<granted_shard>> lease_connection::take_all(const std::string& name) {
  using result = caf::expected<std::vector<granted_shard>>;
  return call<result>(lease_call::claim, [&]() -> result {
    std::vector<granted_shard> granted;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
      auto& x = table_->shards_[shard];
      x = {name, 0, x.epoch + 1, {}};
      granted.push_back({shard, x.epoch});
    }
    table_->claims_ += granted.size();
    return granted;
  });
}

caf::error lease_connection::release(const std::string& name, std::uint64_t incarnation,
                                     std::span<const std::uint16_t> shards) {
  return call<caf::error>(lease_call::release, [&] {
    for (const auto shard : shards) {
      if (shard >= shard_count)
        continue;
      if (auto& x = table_->shards_[shard]; x.owner == name && x.incarnation == incarnation) {
        x.owner.clear();
        x.incarnation = 0;
      }
    }
    return caf::error{};
  });
}

} // namespace troupe::simulated
