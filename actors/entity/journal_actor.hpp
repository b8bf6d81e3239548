// actors/entity/journal_actor.hpp: the journal as entities see it, and the stores' actors behind it.
#pragma once

#include "actors/entity/store.hpp"
#include "actors/kernel/caf.hpp"

#include <caf/actor_clock.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace troupe::journal {

/// Events of one stream, stored together or not at all. Without events it is a barrier: it is acknowledged when all
/// earlier appends of its stream are.
struct append {
  stream_name stream;
  std::uint64_t expected_version = 0;
  std::vector<encoded_event> events;
  std::optional<journal::snapshot> snapshot; // of the state after the last event
  std::optional<wake_up_change> wake_up;
  time_point recorded_at; // the entity keeps it from decreasing
  std::string principal;
  std::string trace;
};

struct appended {
  std::uint64_t version = 0; // of the stream
};

/// Reads what recovery of an entity needs, after the stream's appends in progress have ended.
struct load {
  stream_name stream;
};

/// The caller holds no state of this stream any more.
struct forget {
  stream_name stream;
};

struct read_stream {
  stream_name stream;
  std::uint64_t first_version = 1;
  std::size_t limit = 1000;
};

struct read_shard {
  std::string context;
  std::uint16_t shard = 0;
  std::uint64_t first_offset = 1;
  std::size_t limit = 1000;
};

struct read_due {
  std::string context;
  time_point until;
  std::optional<wake_up> after;
  std::size_t limit = 1000;
};

struct read_keys {
  std::string context;
  std::string after;
  std::size_t limit = 1000;
};

struct read_positions {
  std::string outlet;
  std::string context;
};

struct read_latest {
  event_filter filter;
  std::optional<std::uint64_t> before; // a position
  std::size_t limit = 100;
};

struct read_due_count {
  std::string context;
  time_point until;
};

struct page {
  std::vector<stored_event> events;
};

struct position_page {
  std::vector<outlet_position> items; // of the shards that have events, by shard
};

struct due_page {
  std::vector<wake_up> items;
};

struct key_page {
  std::vector<std::string> keys;
};

struct get_health {};

struct health {
  bool writable = false; // false also while a commit hangs, and while a shard has another owner
  std::string reason;    // empty when writable
  time_point since;      // when it became so
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t waiting = 0; // appends that wait for the commit in flight
};

using event_ptr = std::shared_ptr<const stored_event>;

/// Committed events of one shard that a subscriber wants, in order.
struct run {
  std::uint16_t shard = 0;
  std::uint64_t after =
    0; // offset of the last event before them that may be wanted; who has not seen it reads the shard
  std::vector<event_ptr> events;
};

/// What a subscriber hears. What is not sent to it is in the store.
struct notice {
  std::vector<run> runs;
  std::vector<std::uint16_t> missed; // shards with wanted events that were not sent, because too many were on their way
  bool all_missed = false;           // any shard may have such events: the store failed and was opened again
};

/// Answers each notice when it has taken it in, without waiting for what it makes of it.
using subscriber_actor = caf::typed_actor<caf::result<void>(notice)>;

/// Sends `to` what is committed from now on, until it is gone. A later subscription of the same outlet to the same
/// context takes the place of the earlier, and changes nothing when they are equal.
struct subscribe {
  std::string outlet;
  std::string context;
  std::vector<std::string> types; // "order.placed"; empty: all of the context
  subscriber_actor to;
  std::size_t unanswered_max = 4'096; // events on their way to it; beyond, it hears only of `missed` shards
};

struct subscribed {
  bool anew = false; // what was committed before may not have been sent
};

/// Moves low-water marks: with the next commit, or soon when there is none. What a crash takes is the outlet's to do
/// again. The epochs are the journal's business.
struct save_offsets {
  std::vector<offset_mark> marks;
};

/// A member of a cluster, by this incarnation, takes those shards as far as the store lets it.
struct take_shards {
  std::uint64_t incarnation = 0;
  shard_set shards;
};

struct taken_shards {
  shard_set shards;
};

/// Gives shards back once everything that was appended to them is stored. Later appends are refused.
struct give_up_shards {
  shard_set shards;
};

/// Owns shards: gives offsets, checks versions, commits in groups. One commit is in flight at a time and whatever
/// arrives meanwhile is the next one.
using journal_actor = caf::typed_actor<
  // Answers when the events are durable. Fails with version_conflict (load the stream again), shard_lost,
  // store_unavailable, commit_unknown, or overloaded when too much waits.
  caf::result<appended>(append),
  // May be repeated. Fails with store_unavailable, store_damaged, or overloaded when too much is being read.
  caf::result<recovered_stream>(load), caf::result<void>(forget),
  // Reads of what is durable. May be repeated. Fail like load.
  caf::result<page>(read_stream), caf::result<page>(read_shard), caf::result<due_page>(read_due),
  caf::result<key_page>(read_keys), caf::result<position_page>(read_positions), caf::result<latest_events>(read_latest),
  caf::result<due_count>(read_due_count), caf::result<health>(get_health),
  // Fails with unknown_type for a context that this journal does not own.
  caf::result<subscribed>(subscribe), caf::result<void>(save_offsets)>;

/// The journal as the cluster's manager sees it. Both may be repeated, fail as store_writer's acquire and release do,
/// and with store_unavailable while the store is being opened again.
using sharded_journal_actor =
  journal_actor::extend<caf::result<taken_shards>(take_shards), caf::result<void>(give_up_shards)>;

// ---- behind the journal -------------------------------------------------------------------------------------------

struct batch {
  std::vector<write> writes;
  std::vector<offset_mark> marks;
};

struct batch_result {
  std::vector<write_result> results; // one per write
};

/// Throws the connection away, opens a new one and takes what is claimed; nothing when no shards are.
struct reopen {
  journal::claim what;
};

struct release {
  std::string node;
  std::uint64_t incarnation = 0;
  shard_set shards;
};

struct leases {
  std::vector<lease> items;
};

/// A store's writing connection; detached, because databases block.
using writer_actor = caf::typed_actor<caf::result<batch_result>(batch), caf::result<leases>(reopen),
                                      caf::result<leases>(claim), caf::result<void>(release)>;

/// A store's reading connection; detached. Reopens itself after a failure.
using reader_actor = caf::typed_actor<caf::result<recovered_stream>(load), caf::result<page>(read_stream),
                                      caf::result<page>(read_shard), caf::result<due_page>(read_due),
                                      caf::result<key_page>(read_keys), caf::result<position_page>(read_positions),
                                      caf::result<latest_events>(read_latest), caf::result<due_count>(read_due_count)>;

struct options {
  std::vector<std::string> contexts;
  std::string node;
  bool member = false; // of a cluster: owns nothing until it is told to take it
  /// Told, on the journal's thread, of shards that have turned out to be somebody else's.
  std::function<void(const shard_set&)> lost{};
  std::size_t waiting_max = 65'536; // appends; then overloaded
  std::size_t batch_max = 4'096;    // writes in one commit
  std::size_t reads_max = 4'096;    // in flight, loads among them; then overloaded
  duration commit_time_max{5'000};  // a commit that takes longer hangs: nothing more is accepted until it ends
  duration reopen_delay_min{50};    // after a failure, doubling
  duration reopen_delay_max{2'000};
  duration marks_linger{500}; // until marks that no commit has taken along make one of their own
};

struct dependencies {
  writer_actor writer;
  reader_actor reader;
  clock_fn now;
};

} // namespace troupe::journal

CAF_BEGIN_TYPE_ID_BLOCK(troupe_journal, caf::first_custom_type_id + 100)
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::append))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::appended))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::load))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::forget))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::recovered_stream))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_stream))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_shard))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_due))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_keys))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::page))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::due_page))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::key_page))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::get_health))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::health))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::batch))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::batch_result))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::reopen))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::leases))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_positions))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::position_page))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::notice))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::subscribe))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::subscribed))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::save_offsets))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_latest))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::latest_events))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::read_due_count))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::due_count))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::claim))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::release))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::take_shards))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::taken_shards))
  CAF_ADD_TYPE_ID(troupe_journal, (troupe::journal::give_up_shards))
CAF_END_TYPE_ID_BLOCK(troupe_journal)

// These stay on their node: an entity, its journal and its store live together.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::append)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::appended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::load)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::forget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::recovered_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_keys)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::due_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::key_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::get_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::batch_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::reopen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::leases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_positions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::position_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::subscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::subscribed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::save_offsets)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_latest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::latest_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::read_due_count)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::due_count)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::claim)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::release)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::take_shards)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::taken_shards)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::journal::give_up_shards)

namespace troupe::journal {

/// The behaviour behind journal_actor; reopens the store at once when it starts and after every failure.
class journal_actor_state {
public:
  static constexpr const char* name = "journal";

  journal_actor_state(sharded_journal_actor::pointer self, options config, dependencies deps);

  sharded_journal_actor::behavior_type make_behavior();

private:
  struct stream_state {
    std::uint64_t version = 0; // the last one given
    std::uint32_t pending = 0; // appends not acknowledged yet
    bool failed = false;       // must be loaded again
    bool loading = false;
  };
  struct shard_state {
    std::uint64_t epoch = 0;
    std::uint64_t next_offset = 1;
    std::uint32_t pending = 0; // appends with something to write that are not acknowledged yet
    bool lost = false;         // or never taken, or being given up
  };
  struct leaving {
    give_up_shards request;
    caf::typed_response_promise<void> reply;
  };
  struct waiting_append {
    stream_name stream;
    caf::typed_response_promise<appended> reply;
    std::uint64_t version = 0;
    std::uint32_t events = 0;
    bool has_write = false;           // false: a barrier
    std::vector<event_ptr> published; // those among its events that somebody wants
  };
  struct subscription {
    subscribe wish;
    std::size_t unanswered = 0;       // events
    std::vector<std::uint64_t> known; // by shard: offset of the last wanted event; 0 when there was none yet
    std::map<std::uint16_t, run> next;
    std::set<std::uint16_t> missed;
    bool all_missed = false;
  };
  using subscription_ptr = std::shared_ptr<subscription>;
  struct audience { // of one context
    std::vector<subscription_ptr> of_all;
    std::unordered_map<std::string, std::vector<subscription_ptr>> of_type;
  };
  using mark_key = std::tuple<std::string, std::string, std::uint16_t>; // outlet, context, shard
  struct parked_load {
    load request;
    caf::typed_response_promise<recovered_stream> reply;
  };

  caf::result<appended> on_append(append& request);
  caf::result<recovered_stream> on_load(load& request);
  void start_load(load request, caf::typed_response_promise<recovered_stream> reply);
  template <class Answer, class Request> caf::result<Answer> read(const Request& request);
  health report() const;
  bool hangs() const; // the commit in flight
  caf::error hanging() const;
  void schedule_flush();
  void flush();
  void on_committed(const std::vector<write_result>& results);
  void on_failed(const caf::error& reason);
  void settle(const stream_name& stream);
  void open();
  void on_opened(const leases& x);
  void seat(const std::vector<lease>& items);
  void tried_to_open();
  caf::result<taken_shards> on_take(const take_shards& request);
  caf::result<void> on_give_up(const give_up_shards& request);
  void let_go();
  bool is_quiet(const shard_set& shards) const;
  void lose(const shard_set& shards);
  template <class Answer, class Request> caf::result<Answer> after_opening(Request& request);
  caf::result<subscribed> on_subscribe(subscribe& request);
  void seat_audiences();
  const audience* audience_of(const std::string& context) const;
  void publish(const waiting_append& x);
  void send_notices();
  void send_notice(const subscription_ptr& to);
  void on_save_offsets(const save_offsets& request);
  std::vector<offset_mark> take_marks();

  sharded_journal_actor::pointer self_;
  options config_;
  dependencies deps_;
  health health_;
  duration reopen_delay_;
  std::unordered_map<stream_name, stream_state, stream_hash> streams_;
  std::map<std::string, std::vector<shard_state>> shards_; // by context, then shard number
  std::vector<write> next_writes_;
  std::vector<waiting_append> next_;
  std::vector<waiting_append> in_flight_;
  std::unordered_map<stream_name, std::vector<parked_load>, stream_hash> parked_;
  std::uint64_t incarnation_ = 0; // of a member
  shard_set owned_;               // by a member, as far as it knows
  std::vector<leaving> leaving_;
  std::vector<std::function<void()>> early_; // requests from before the first answer to `open`
  std::size_t reads_ = 0;                    // in flight, those among them that are parked
  std::size_t lost_ = 0;                     // shards
  time_point lost_since_;
  caf::actor_clock::time_point commit_began_; // by a clock that does not jump
  bool tried_to_open_ = false;                // until then requests wait: a restart is over in milliseconds
  bool committing_ = false;
  bool flush_scheduled_ = false;
  std::map<std::pair<std::string, std::string>, subscription_ptr> subscriptions_; // by outlet and context
  std::unordered_map<std::string, audience> audiences_;                           // the same by context and type
  std::vector<subscription_ptr> touched_;                                         // those with something in `next`
  std::map<mark_key, std::uint64_t> marks_;
  std::vector<offset_mark> marks_in_flight_;
  bool marks_timed_ = false;
  bool marks_due_ = false;
};

using journal_actor_impl = sharded_journal_actor::stateful_impl<journal_actor_state>;

} // namespace troupe::journal
