// actors/dead_letter/dead_letter_actor.hpp: dead letters, as the rest of the system sees them.
#pragma once

#include "actors/dead_letter/dead_letter.hpp"
#include "actors/dead_letter/replay_job.hpp"
#include "actors/dead_letter/wire.hpp"
#include "actors/entity/context.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <map>
#include <string>
#include <vector>

namespace troupe::dead_letter {

struct get_letter {
  letter_id id;
};

/// Asks for a letter once no replay of it is on its way.
struct await_replay {
  letter_id id;
};

struct view {
  letter_id id;
  state of;
  bool replayable = false; // somebody here replays letters of its source
};

/// A letter, or the region that leads to it. Every command fails as the journal does, too.
using dead_letter_actor = caf::typed_actor<
  // Answers when the letter is durable. Fails with too_large.
  caf::result<view>(request_context, record),
  // Answers when the replay is certain to happen. Fails with unknown_letter, no_reason, not_open, not_replayable,
  // too_many_replays.
  caf::result<view>(request_context, replay),
  // Fails with unknown_letter, no_reason, not_open, replaying.
  caf::result<view>(request_context, discard),
  // Fails with unknown_letter.
  caf::result<view>(request_context, get_letter), caf::result<view>(request_context, await_replay)>;

// ---- replaying -----------------------------------------------------------------------------------------------------

struct replay_letter {
  letter_id id;
  std::string key; // of idempotency: the same when it is asked again after a crash
  dead_letter::letter letter;
};

/// Port: does again what was given up on. Answers when that is done, or safely taken over; fails with an `ec`. Asked
/// again with the same key after a crash, and must not do twice what a repeat would harm.
using replayer_actor = caf::typed_actor<caf::result<void>(request_context, replay_letter)>;

/// Who replays what comes from which source.
using replayers = std::map<source, replayer_actor>;

// ---- the directory -------------------------------------------------------------------------------------------------

/// Letters with the same source, code and place.
struct cause {
  dead_letter::source source = source::undeliverable_message;
  std::string code;
  std::string place;

  auto operator<=>(const cause&) const = default;
};

/// 16 hex digits that stand for a cause.
std::string group_of(const cause& x);

/// An open letter, in short.
struct entry {
  letter_id id;
  dead_letter::cause cause;
  dead_letter::status status = status::open;
  time_point recorded_at;
  std::uint32_t attempts = 0;
  std::string summary;
};

/// What a letter is now; from its entity, in the order of what happened to it.
struct changed {
  entry now;
  std::uint64_t version = 0; // of its stream
};

/// What became of letters whose entities are on other nodes.
struct elsewhere {
  std::vector<changed> letters;
};

/// The store may know more: something that was told of letters may have been lost.
struct read_again {};

struct group {
  std::string id;
  dead_letter::cause cause;
  std::size_t count = 0;
  time_point first;
  time_point last;
  letter_id sample;
};

struct list_groups {};

struct group_list {
  std::vector<group> groups; // the largest first
  std::size_t open = 0;      // letters in all groups
  bool complete = false;     // false while it is being read from the store, or beyond its bound: counts are too low
};

/// Letters of a group, or of all of them, oldest first.
struct list_letters {
  std::string group; // empty: all
  std::optional<cursor> after;
  std::size_t limit = 100;
};

struct letter_list {
  std::vector<entry> letters;
  bool more = false;    // there are, after the last one
  bool loading = false; // the directory is being read from the store: there may be others before and after
  bool complete = false;
};

/// Which letters are open. It remembers only what the store says.
using directory_actor =
  caf::typed_actor<caf::result<group_list>(list_groups), caf::result<letter_list>(list_letters),
                   caf::result<void>(changed), caf::result<void>(elsewhere), caf::result<void>(read_again)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, get_letter& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, await_replay& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, view& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("of", x.of), f.field("replayable", x.replayable));
}
template <class Inspector> bool inspect(Inspector& f, replay_letter& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("key", x.key), f.field("letter", x.letter));
}
template <class Inspector> bool inspect(Inspector& f, cause& x) {
  return f.object(x).fields(f.field("source", x.source), f.field("code", x.code), f.field("place", x.place));
}
template <class Inspector> bool inspect(Inspector& f, entry& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("cause", x.cause), f.field("status", x.status),
                            f.field("recorded_at", x.recorded_at), f.field("attempts", x.attempts),
                            f.field("summary", x.summary));
}
template <class Inspector> bool inspect(Inspector& f, changed& x) {
  return f.object(x).fields(f.field("now", x.now), f.field("version", x.version));
}
template <class Inspector> bool inspect(Inspector& f, elsewhere& x) {
  return f.object(x).fields(f.field("letters", x.letters));
}
template <class Inspector> bool inspect(Inspector& f, group& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("cause", x.cause), f.field("count", x.count),
                            f.field("first", x.first), f.field("last", x.last), f.field("sample", x.sample));
}
template <class Inspector> bool inspect(Inspector& f, group_list& x) {
  return f.object(x).fields(f.field("groups", x.groups), f.field("open", x.open), f.field("complete", x.complete));
}
template <class Inspector> bool inspect(Inspector& f, list_letters& x) {
  return f.object(x).fields(f.field("group", x.group), f.field("after", x.after), f.field("limit", x.limit));
}
template <class Inspector> bool inspect(Inspector& f, letter_list& x) {
  return f.object(x).fields(f.field("letters", x.letters), f.field("more", x.more), f.field("loading", x.loading),
                            f.field("complete", x.complete));
}

// ---- replay jobs ---------------------------------------------------------------------------------------------------

namespace job {

struct get_job {
  job_id id;
};

struct view {
  job_id id;
  state of;
};

/// A job, or the region that leads to it. Every command fails as the journal does, too.
using job_actor = caf::typed_actor<
  // Answers when the job is certain to run. Fails with no_reason, wrong_rate.
  caf::result<view>(request_context, begin),
  // Fails with unknown_job, no_reason.
  caf::result<view>(request_context, stop_job),
  // Fails with unknown_job.
  caf::result<view>(request_context, get_job)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, get_job& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, view& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("of", x.of));
}

} // namespace job

} // namespace troupe::dead_letter

CAF_BEGIN_TYPE_ID_BLOCK(troupe_dead_letter, caf::first_custom_type_id + 1100)
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::record))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::replay))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::discard))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::get_letter))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::await_replay))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::view))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::rejection))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::replay_letter))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::changed))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::list_groups))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::group_list))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::list_letters))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::letter_list))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::job::begin))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::job::stop_job))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::job::get_job))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::job::view))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::job::rejection))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::elsewhere))
  CAF_ADD_TYPE_ID(troupe_dead_letter, (troupe::dead_letter::read_again))
CAF_END_TYPE_ID_BLOCK(troupe_dead_letter)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::dead_letter::read_again)

CAF_ERROR_CODE_ENUM(troupe::dead_letter::rejection)
CAF_ERROR_CODE_ENUM(troupe::dead_letter::job::rejection)
