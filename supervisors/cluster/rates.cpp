#include "supervisors/cluster/rates.hpp"

namespace troupe::cluster {

namespace {

std::uint16_t shard_of_rate(const std::string& guard) {
  return shard_of("guard/" + guard);
}

} // namespace

rates::rates(caf::event_based_actor* self, rates_settings with) : self_(self), with_(std::move(with)) {}

caf::behavior rates::make_behavior() {
  return {
    [this](const updated& x) {
      owners_ = x.owners ? x.owners : owners_;
      doors_ = x.doors ? x.doors : doors_;
    },
    [this](const want_tokens& x) { want(x.what); },
    [this](const lease_tokens& x) { return lease(x); },
    [](const entity::gained&) {},
    [this](const entity::evict& x) { evict(x.shards); },
  };
}

// Whoever lets a shard go knows nothing of what its next owner grants, should it come back.
void rates::evict(const journal::shard_set& shards) {
  std::erase_if(kept_, [&shards](const auto& x) { return shards.test(shard_of_rate(x.first.first)); });
}

void rates::want(const lease_tokens& x) {
  const auto shard = shard_of_rate(x.guard);
  caf::actor keeper;
  if (with_.held.serves(shard))
    keeper = caf::actor_cast<caf::actor>(self_->ctrl());
  else if (const auto door = doors_->find(owners_->owner_of(shard)); door != doors_->end())
    keeper = door->second;
  if (!keeper)
    return with_.got(x, {0, with_.again_after});
  self_->request(keeper, with_.answered_within, x)
    .then([this, x](const leased& got) { with_.got(x, got); },
          [this, x](const caf::error&) {
            with_.got(x, {0, with_.again_after});
          });
}

caf::result<leased> rates::lease(const lease_tokens& x) {
  if (!with_.held.serves(shard_of_rate(x.guard)))
    return caf::make_error(ec::moved);
  const auto now = with_.now();
  // What is granted now may be used as late as it lasts: in a span that is longer by that there are never more.
  const resilience::rate_rules rules{x.limit, x.per + x.lasts, x.burst};
  auto known = kept_.find({x.guard, x.bulk});
  if (known == kept_.end()) {
    known = kept_.emplace(std::pair{x.guard, x.bulk}, resilience::token_bucket{rules}).first;
    known->second.empty(now);
  }
  auto& bucket = known->second;
  bucket.configure(rules);
  leased out;
  if (bucket.limits())
    while (out.tokens < x.count && bucket.take(now))
      ++out.tokens;
  if (out.tokens == 0)
    out.wait = bucket.wait(now);
  return out;
}

} // namespace troupe::cluster
