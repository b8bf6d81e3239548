#include "actors/entity/journal_actor.hpp"

#include "actors/timer.hpp"

#include <caf/action.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe::journal {

namespace {

template <class Duration> std::string hanging_text(Duration taken) {
  return "a commit has taken " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(taken).count()) + " s";
}

/// Whether the store itself has not said no: its connection is of no use any more.
bool is_of_connection(const caf::error& x) {
  return x.category() == caf::type_id_v<ec> && x != ec::refused;
}

} // namespace

journal_actor_state::journal_actor_state(sharded_journal_actor::pointer self, options config, dependencies deps)
  : self_(self), config_(std::move(config)), deps_(std::move(deps)), reopen_delay_(config_.reopen_delay_min) {
  health_.reason = "the store is not open yet";
  health_.since = deps_.now();
}

sharded_journal_actor::behavior_type journal_actor_state::make_behavior() {
  open();
  return {
    [this](append& request) { return on_append(request); },
    [this](load& request) { return on_load(request); },
    [this](const forget& request) {
      if (const auto found = streams_.find(request.stream); found != streams_.end())
        if (found->second.pending == 0 && !found->second.loading)
          streams_.erase(found);
    },
    [this](const read_stream& request) { return read<page>(request); },
    [this](const read_shard& request) { return read<page>(request); },
    [this](const read_due& request) { return read<due_page>(request); },
    [this](const read_keys& request) { return read<key_page>(request); },
    [this](const read_positions& request) { return read<position_page>(request); },
    [this](const read_latest& request) { return read<latest_events>(request); },
    [this](const read_due_count& request) { return read<due_count>(request); },
    [this](get_health) { return report(); },
    [this](subscribe& request) { return on_subscribe(request); },
    [this](const save_offsets& request) { on_save_offsets(request); },
    [this](const take_shards& request) { return on_take(request); },
    [this](const give_up_shards& request) { return on_give_up(request); },
  };
}

health journal_actor_state::report() const {
  auto answer = health_;
  answer.waiting = next_.size();
  if (!answer.writable)
    return answer;
  if (hangs()) {
    const auto taken = self_->clock().now() - commit_began_;
    answer.writable = false;
    answer.reason = hanging_text(taken);
    answer.since = deps_.now() - std::chrono::duration_cast<duration>(taken) + config_.commit_time_max;
  } else if (lost_ > 0) {
    // They are not taken back: the other owner would do the same.
    answer.writable = false;
    answer.reason = std::to_string(lost_) + " of " + std::to_string(config_.contexts.size() * shard_count)
                    + " shards have another owner; end one of the two, then start this node again";
    answer.since = lost_since_;
  }
  return answer;
}

bool journal_actor_state::hangs() const {
  return committing_ && self_->clock().now() - commit_began_ > config_.commit_time_max;
}

caf::error journal_actor_state::hanging() const {
  return caf::make_error(ec::store_unavailable, hanging_text(self_->clock().now() - commit_began_));
}

// The reader takes one request after the other, so what waits for it must have a bound.
template <class Answer, class Request> caf::result<Answer> journal_actor_state::read(const Request& request) {
  if (reads_ >= config_.reads_max)
    return caf::make_error(ec::overloaded);
  ++reads_;
  auto reply = self_->make_response_promise<Answer>();
  self_->request(deps_.reader, caf::infinite, request)
    .then(
      [this, reply](Answer& x) mutable {
        --reads_;
        reply.deliver(std::move(x));
      },
      [this, reply](caf::error& x) mutable {
        --reads_;
        reply.deliver(std::move(x));
      });
  return reply;
}

// A journal that was restarted opens in milliseconds, so nobody is refused meanwhile.
template <class Answer, class Request> caf::result<Answer> journal_actor_state::after_opening(Request& request) {
  if (early_.size() >= config_.waiting_max)
    return caf::make_error(ec::overloaded);
  auto reply = self_->make_response_promise<Answer>();
  early_.push_back([this, reply, request = std::move(request)]() mutable {
    reply.delegate(sharded_journal_actor{self_}, std::move(request));
  });
  return reply;
}

void journal_actor_state::tried_to_open() {
  if (std::exchange(tried_to_open_, true))
    return;
  for (auto& go_on : std::exchange(early_, {}))
    go_on();
}

caf::result<appended> journal_actor_state::on_append(append& request) {
  if (!tried_to_open_)
    return after_opening<appended>(request);
  if (!health_.writable)
    return caf::make_error(ec::store_unavailable, health_.reason);
  if (hangs())
    return hanging();
  if (next_.size() >= config_.waiting_max)
    return caf::make_error(ec::overloaded);
  const auto context = shards_.find(request.stream.context);
  ensure(context != shards_.end(), "append to a context that this journal does not own");
  const auto number = request.stream.shard();
  auto& shard = context->second[number];
  if (shard.lost)
    return caf::make_error(ec::shard_lost);
  auto& stream = streams_[request.stream];
  if (stream.failed || stream.loading || stream.version != request.expected_version) {
    stream.failed = true;
    return caf::make_error(ec::version_conflict);
  }
  const auto events = static_cast<std::uint32_t>(request.events.size());
  const bool writes = !request.events.empty() || request.snapshot || request.wake_up;
  if (!writes && stream.pending == 0)
    return appended{stream.version}; // A barrier with nothing before it.
  std::vector<event_ptr> published;
  if (writes) {
    const auto* heard_by = audience_of(request.stream.context);
    write item;
    item.epoch = shard.epoch;
    item.events.reserve(request.events.size());
    for (auto& e : request.events) {
      stored_event stored;
      stored.stream = request.stream;
      stored.version = ++stream.version;
      stored.shard = number;
      stored.offset = shard.next_offset++;
      stored.type = std::move(e.type);
      stored.schema = e.schema;
      stored.data = std::move(e.data);
      stored.personal = std::move(e.personal);
      stored.recorded_at = request.recorded_at;
      stored.epoch = shard.epoch;
      stored.node = config_.node;
      stored.principal = request.principal;
      stored.trace = request.trace;
      stored.checksum = checksum_of(stored);
      if (heard_by && (!heard_by->of_all.empty() || heard_by->of_type.contains(stored.type)))
        published.push_back(std::make_shared<const stored_event>(stored));
      item.events.push_back(std::move(stored));
    }
    item.snapshot = std::move(request.snapshot);
    item.wake_up = std::move(request.wake_up);
    item.stream = request.stream;
    next_writes_.push_back(std::move(item));
  }
  ++stream.pending;
  shard.pending += writes ? 1 : 0;
  auto reply = self_->make_response_promise<appended>();
  next_.push_back({std::move(request.stream), reply, stream.version, events, writes, std::move(published)});
  schedule_flush();
  return reply;
}

// The message waits behind everything that has arrived by now, which becomes one commit; nothing lingers.
void journal_actor_state::schedule_flush() {
  if (committing_ || flush_scheduled_)
    return;
  flush_scheduled_ = true;
  caf::anon_send(caf::actor_cast<caf::actor>(self_), caf::make_action([this] {
                   flush_scheduled_ = false;
                   flush();
                 }));
}

void journal_actor_state::flush() {
  if (committing_ || (next_.empty() && !marks_due_) || !health_.writable)
    return;
  batch next;
  if (next_writes_.size() <= config_.batch_max) {
    next.writes = std::move(next_writes_);
    next_writes_.clear();
    in_flight_ = std::move(next_);
    next_.clear();
  } else {
    // As many appends as bring at most batch_max writes, so that a burst does not make one endless commit.
    std::size_t writes = 0;
    std::size_t appends = 0;
    for (; appends < next_.size() && writes < config_.batch_max; ++appends)
      writes += next_[appends].has_write ? 1 : 0;
    const auto cut = static_cast<std::ptrdiff_t>(writes);
    const auto end = static_cast<std::ptrdiff_t>(appends);
    next.writes.assign(std::make_move_iterator(next_writes_.begin()),
                       std::make_move_iterator(next_writes_.begin() + cut));
    next_writes_.erase(next_writes_.begin(), next_writes_.begin() + cut);
    in_flight_.assign(std::make_move_iterator(next_.begin()), std::make_move_iterator(next_.begin() + end));
    next_.erase(next_.begin(), next_.begin() + end);
  }
  committing_ = true;
  commit_began_ = self_->clock().now();
  if (next.writes.empty() && !marks_due_) { // Barriers only: what they waited for is durable.
    on_committed({});
    return;
  }
  next.marks = take_marks();
  self_->request(deps_.writer, caf::infinite, std::move(next))
    .then([this](const batch_result& x) { on_committed(x.results); }, [this](const caf::error& x) { on_failed(x); });
}

void journal_actor_state::on_committed(const std::vector<write_result>& results) {
  committing_ = false;
  ++health_.commits;
  marks_in_flight_.clear();
  auto done = std::move(in_flight_);
  in_flight_.clear();
  std::size_t position = 0;
  shard_set stolen;
  for (auto& item : done) {
    auto& stream = streams_[item.stream];
    --stream.pending;
    auto& shard = shards_[item.stream.context][item.stream.shard()];
    shard.pending -= item.has_write ? 1 : 0;
    if (item.has_write && results.at(position++) == write_result::shard_lost) {
      stolen.set(item.stream.shard());
      if (!config_.member) {
        if (lost_ == 0)
          lost_since_ = deps_.now();
        lost_ += shard.lost ? 0 : 1;
        shard.lost = true;
      }
      stream.failed = true;
      item.reply.deliver(caf::make_error(ec::shard_lost));
    } else if (!item.has_write && shards_[item.stream.context][item.stream.shard()].lost) {
      item.reply.deliver(caf::make_error(ec::shard_lost)); // A barrier is as good as what it stands behind.
    } else {
      health_.events += item.events;
      item.reply.deliver(appended{item.version});
      publish(item);
    }
    settle(item.stream);
  }
  send_notices();
  if (config_.member && stolen.any())
    lose(stolen);
  flush();
  let_go();
}

void journal_actor_state::on_failed(const caf::error& reason) {
  committing_ = false;
  health_.writable = false;
  health_.reason = to_string(reason);
  health_.since = deps_.now();
  auto failed = std::move(in_flight_);
  in_flight_.clear();
  auto never_sent = std::move(next_);
  next_.clear();
  next_writes_.clear();
  for (auto& x : std::exchange(marks_in_flight_, {}))
    marks_.try_emplace({x.outlet, x.context, x.shard}, x.offset); // A newer one stays.
  for (auto& item : failed)
    item.reply.deliver(reason);
  for (auto& item : never_sent)
    item.reply.deliver(caf::make_error(ec::store_unavailable, health_.reason));
  // Nobody's idea of a stream is trusted: what is on disk decides.
  std::erase_if(streams_, [](const auto& x) { return !x.second.loading; });
  for (auto& [key, stream] : streams_) {
    stream.pending = 0;
    stream.failed = true;
  }
  for (auto& [context, shards] : shards_)
    for (auto& shard : shards)
      shard.pending = 0;
  open();
}

void journal_actor_state::open() {
  auto what = claim{config_.contexts, config_.node, incarnation_};
  if (config_.member)
    what.shards = owned_;
  self_->request(deps_.writer, caf::infinite, reopen{std::move(what)})
    .then([this](const leases& x) { on_opened(x); },
          [this](const caf::error& x) {
            health_.reason = to_string(x);
            if (config_.member && owned_.any() && x.category() != caf::type_id_v<ec>)
              lose(owned_); // Not the store has failed: our lease has.
            tried_to_open();
            run_later(self_, reopen_delay_, [this] { open(); });
            reopen_delay_ = std::min(reopen_delay_ * 2, config_.reopen_delay_max);
          });
}

void journal_actor_state::on_opened(const leases& x) {
  shards_.clear();
  for (const auto& context : config_.contexts) {
    auto& shards = shards_[context];
    shards.resize(shard_count);
    for (auto& shard : shards)
      shard.lost = config_.member;
  }
  lost_ = 0;
  seat(x.items);
  health_.writable = true;
  health_.reason.clear();
  health_.since = deps_.now();
  reopen_delay_ = config_.reopen_delay_min;
  if (config_.member) {
    shard_set granted;
    for (const auto& item : x.items)
      granted.set(item.shard);
    if (const auto stolen = owned_ & ~granted; stolen.any())
      lose(stolen);
  }
  std::vector<stream_name> parked;
  for (const auto& [key, waiting] : parked_)
    parked.push_back(waiting.front().request.stream);
  for (const auto& stream : parked)
    settle(stream);
  tried_to_open();
  // What was in flight when the store failed may be in it, or not.
  for (auto& [key, subscriber] : subscriptions_) {
    subscriber->known.assign(shard_count, 0);
    subscriber->all_missed = true;
    send_notice(subscriber);
  }
  let_go();
}

void journal_actor_state::seat(const std::vector<lease>& items) {
  auto of = shards_.end(); // The items of a context come together.
  for (const auto& item : items) {
    if (of == shards_.end() || of->first != item.context)
      of = shards_.find(item.context);
    ensure(of != shards_.end(), "a lease of a context that nobody asked for");
    of->second[item.shard] = {item.epoch, item.next_offset, 0, false};
  }
}

// ---- shards of a member --------------------------------------------------------------------------------------------

caf::result<taken_shards> journal_actor_state::on_take(const take_shards& request) {
  ensure(config_.member, "a node that is alone owns all shards already");
  if (!health_.writable)
    return caf::make_error(ec::store_unavailable, health_.reason);
  if (request.incarnation != incarnation_) {
    owned_.reset(); // They were another incarnation's.
    incarnation_ = request.incarnation;
  }
  // What it serves already keeps its epoch: a new one would refuse what is on its way to the store.
  const auto wanted = request.shards & ~owned_;
  auto reply = self_->make_response_promise<taken_shards>();
  if (wanted.none()) {
    reply.deliver(owned_of(request.shards));
    return reply;
  }
  self_->request(deps_.writer, caf::infinite, claim{config_.contexts, config_.node, incarnation_, wanted})
    .then(
      [this, reply, asked = request.shards, of = incarnation_](const leases& x) mutable {
        if (!health_.writable || of != incarnation_)
          return reply.deliver(caf::make_error(ec::store_unavailable, health_.reason));
        seat(x.items);
        shard_set granted;
        for (const auto& item : x.items)
          granted.set(item.shard);
        owned_ |= granted;
        // Nobody's idea of a stream from an earlier ownership is trusted.
        std::erase_if(streams_, [&](const auto& known) {
          return granted.test(known.first.shard()) && known.second.pending == 0 && !known.second.loading;
        });
        reply.deliver(owned_of(asked));
      },
      [this, reply](const caf::error& x) mutable {
        reply.deliver(x);
        // Where nothing is written, no commit would ever find out that the connection is gone. One that is in flight
        // was sent behind this, and does.
        if (is_of_connection(x) && health_.writable && !committing_)
          on_failed(x);
      });
  return reply;
}

caf::result<void> journal_actor_state::on_give_up(const give_up_shards& request) {
  for (auto& [context, shards] : shards_)
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (request.shards.test(shard))
        shards[shard].lost = true;
  auto reply = self_->make_response_promise<void>();
  leaving_.push_back({request, reply});
  let_go();
  return reply;
}

taken_shards journal_actor_state::owned_of(const shard_set& wanted) const {
  taken_shards result;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (wanted.test(shard) && owned_.test(shard))
      result.epochs.emplace(shard, shards_.begin()->second[shard].epoch);
  return result;
}

bool journal_actor_state::is_quiet(const shard_set& wanted) const {
  for (const auto& [context, shards] : shards_)
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (wanted.test(shard) && shards[shard].pending > 0)
        return false;
  return true;
}

// The writer takes one request after the other, so that the release comes behind every commit of these shards.
void journal_actor_state::let_go() {
  for (auto next = leaving_.begin(); next != leaving_.end();) {
    if (!health_.writable || !is_quiet(next->request.shards)) {
      ++next;
      continue;
    }
    auto reply = next->reply;
    const auto shards = next->request.shards;
    next = leaving_.erase(next);
    owned_ &= ~shards;
    self_->request(deps_.writer, caf::infinite, release{config_.node, incarnation_, shards})
      .then([reply]() mutable { reply.deliver(); },
            [this, reply](const caf::error& x) mutable {
              reply.deliver(x);
              if (is_of_connection(x) && health_.writable && !committing_)
                on_failed(x);
            });
  }
}

void journal_actor_state::lose(const shard_set& stolen) {
  for (auto& [context, shards] : shards_)
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (stolen.test(shard))
        shards[shard].lost = true;
  const auto news = stolen & owned_;
  owned_ &= ~stolen;
  if (news.any() && config_.lost)
    config_.lost(news);
}

caf::result<recovered_stream> journal_actor_state::on_load(load& request) {
  if (!tried_to_open_)
    return after_opening<recovered_stream>(request);
  if (!health_.writable)
    return caf::make_error(ec::store_unavailable, health_.reason);
  if (reads_ >= config_.reads_max)
    return caf::make_error(ec::overloaded);
  auto& stream = streams_[request.stream];
  if (stream.pending > 0 && hangs()) {
    stream.failed = true;
    return hanging();
  }
  ++reads_;
  auto reply = self_->make_response_promise<recovered_stream>();
  if (stream.pending > 0 || stream.loading) {
    stream.failed = true; // Whoever appended before is gone or will be: one writer at a time.
    auto& parked = parked_[request.stream];
    parked.push_back({std::move(request), reply});
  } else {
    start_load(std::move(request), reply);
  }
  return reply;
}

void journal_actor_state::start_load(load request, caf::typed_response_promise<recovered_stream> reply) {
  auto& stream = streams_[request.stream];
  stream.loading = true;
  stream.failed = true;
  auto name = request.stream;
  self_->request(deps_.reader, caf::infinite, std::move(request))
    .then(
      [this, reply, name](recovered_stream& x) mutable {
        --reads_;
        auto& loaded = streams_[name];
        loaded = {x.version(), 0, false, false};
        reply.deliver(std::move(x));
        settle(name);
      },
      [this, reply, name](caf::error& x) mutable {
        --reads_;
        streams_.erase(name);
        reply.deliver(std::move(x));
        settle(name);
      });
}

// Loads that waited for a stream's appends, or for another load of it, go on one after another.
void journal_actor_state::settle(const stream_name& name) {
  if (parked_.empty())
    return;
  const auto found = parked_.find(name);
  if (found == parked_.end() || streams_[name].pending > 0 || streams_[name].loading)
    return;
  auto next = std::move(found->second.front());
  found->second.erase(found->second.begin());
  if (found->second.empty())
    parked_.erase(found);
  start_load(std::move(next.request), std::move(next.reply));
}

// ---- outlets -------------------------------------------------------------------------------------------------------

caf::result<subscribed> journal_actor_state::on_subscribe(subscribe& request) {
  const auto& contexts = config_.contexts;
  if (std::find(contexts.begin(), contexts.end(), request.context) == contexts.end())
    return caf::make_error(ec::unknown_type, "this journal has no context " + request.context);
  auto& place = subscriptions_[{request.outlet, request.context}];
  if (place && place->wish.to == request.to && place->wish.types == request.types
      && place->wish.unanswered_max == request.unanswered_max)
    return subscribed{false};
  place = std::make_shared<subscription>();
  place->wish = std::move(request);
  place->known.assign(shard_count, 0);
  seat_audiences();
  // What is on its way to the store was appended for nobody, and may be committed after the subscriber has looked.
  for (auto* waiting : {&in_flight_, &next_})
    for (auto& x : *waiting)
      if (x.stream.context == place->wish.context && x.events > 0)
        x.published.push_back(nullptr);
  return subscribed{true};
}

void journal_actor_state::seat_audiences() {
  audiences_.clear();
  for (const auto& [key, subscriber] : subscriptions_) {
    auto& in = audiences_[subscriber->wish.context];
    if (subscriber->wish.types.empty())
      in.of_all.push_back(subscriber);
    for (const auto& type : subscriber->wish.types)
      in.of_type[type].push_back(subscriber);
  }
}

const journal_actor_state::audience* journal_actor_state::audience_of(const std::string& context) const {
  if (audiences_.empty())
    return nullptr;
  const auto found = audiences_.find(context);
  return found == audiences_.end() ? nullptr : &found->second;
}

void journal_actor_state::publish(const waiting_append& x) {
  const auto* in = x.published.empty() ? nullptr : audience_of(x.stream.context);
  if (!in)
    return;
  const auto give = [this](const subscription_ptr& to, const event_ptr& event) {
    auto& known = to->known[event->shard];
    if (to->next.empty())
      touched_.push_back(to);
    const auto [place, is_first] = to->next.try_emplace(event->shard);
    if (is_first)
      place->second = {event->shard, known == 0 ? event->offset - 1 : known, {}};
    place->second.events.push_back(event);
    known = event->offset;
  };
  const auto shard = x.stream.shard();
  for (const auto& event : x.published) {
    if (!event) { // Somebody subscribed meanwhile: see on_subscribe.
      for (const auto& [key, to] : subscriptions_)
        if (key.second == x.stream.context && to->missed.insert(shard).second)
          touched_.push_back(to);
      continue;
    }
    for (const auto& to : in->of_all)
      give(to, event);
    if (const auto found = in->of_type.find(event->type); found != in->of_type.end())
      for (const auto& to : found->second)
        give(to, event);
  }
}

void journal_actor_state::send_notices() {
  for (const auto& to : std::exchange(touched_, {}))
    send_notice(to);
}

// Never more on its way than the subscriber has room for: what it misses it reads when it is told so.
void journal_actor_state::send_notice(const subscription_ptr& to) {
  std::size_t events = 0;
  for (const auto& [shard, x] : to->next)
    events += x.events.size();
  notice news;
  if (to->unanswered + events > to->wish.unanswered_max) {
    for (const auto& [shard, x] : to->next)
      to->missed.insert(shard);
    events = 0;
  } else {
    for (auto& [shard, x] : to->next)
      news.runs.push_back(std::move(x));
  }
  to->next.clear();
  const bool has_room = to->unanswered <= to->wish.unanswered_max / 2;
  if (has_room) {
    news.missed.assign(to->missed.begin(), to->missed.end());
    to->missed.clear();
    news.all_missed = std::exchange(to->all_missed, false);
  }
  if (news.runs.empty() && news.missed.empty() && !news.all_missed)
    return;
  const auto weight = std::max<std::size_t>(events, 1);
  to->unanswered += weight;
  self_->request(to->wish.to, caf::infinite, std::move(news))
    .then(
      [this, to, weight] {
        to->unanswered -= weight;
        if (!to->missed.empty() || to->all_missed)
          send_notice(to);
      },
      [this, to](const caf::error&) { // It is gone; its successor subscribes anew.
        const auto found = subscriptions_.find({to->wish.outlet, to->wish.context});
        if (found == subscriptions_.end() || found->second != to)
          return;
        subscriptions_.erase(found);
        seat_audiences();
      });
}

void journal_actor_state::on_save_offsets(const save_offsets& request) {
  for (const auto& x : request.marks)
    marks_[{x.outlet, x.context, x.shard}] = x.offset;
  if (marks_.empty() || std::exchange(marks_timed_, true))
    return;
  run_later(self_, config_.marks_linger, [this] {
    marks_timed_ = false;
    marks_due_ = !marks_.empty();
    flush();
  });
}

std::vector<offset_mark> journal_actor_state::take_marks() {
  marks_due_ = false;
  for (const auto& [key, offset] : std::exchange(marks_, {})) {
    const auto& [outlet, context, shard] = key;
    const auto owned = shards_.find(context);
    if (owned != shards_.end() && !owned->second[shard].lost)
      marks_in_flight_.push_back({outlet, context, shard, offset, owned->second[shard].epoch});
  }
  return marks_in_flight_;
}

} // namespace troupe::journal
