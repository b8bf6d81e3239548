// actors/outlet/outlet_actor.hpp: what passes events on, where events are parked, and the port behind both.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/entity/journal_actor.hpp"
#include "actors/entity/public_event.hpp"
#include "actors/outlet/parking.hpp"
#include "actors/outlet/progress.hpp"
#include "actors/pause/board.hpp"

#include <caf/disposable.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::outlet {

// ---- the port ------------------------------------------------------------------------------------------------------

struct deliver {
  std::string outlet;
  journal::event_ptr event;
  std::optional<public_event> form; // when the outlet has one
};

/// Port: who takes events over. Answers when the event is durably its own; fails with an `ec`. An event comes again
/// after a crash and after a failure, always the same by stream and version; the events of one entity come in order and
/// one at a time.
using sink_actor = caf::typed_actor<caf::result<void>(deliver)>;

/// The public form of an event: none when it has none and so is not passed on; an error when it cannot be read.
using form_fn = std::function<caf::expected<std::optional<public_event>>(const journal::stored_event&)>;

struct lag {
  std::uint64_t events = 0;         // not passed on yet, those among them that nobody wants and nobody has looked at
  std::optional<time_point> oldest; // when the first of those that were looked at was recorded
  std::size_t parked = 0;           // entities with parked events
  bool paused = false;              // operators want it so; what waits is no failure
};

/// Told what happens, for logs and metrics. Each is called on an actor's thread and returns at once.
struct observer {
  std::function<void(const std::string& outlet, const deliver&)> delivered;
  std::function<void(const std::string& outlet, const journal::stored_event&, ec)> failed; // one try
  std::function<void(const std::string& outlet, const std::string& context, const lag&)> lags;
  std::function<void(const std::string& outlet, const std::string& context, const std::vector<std::string>& types)>
    subscribed; // no types: to all of the context
  std::function<void(const std::string& outlet, const std::string& context, const caf::error&)> troubled;
};

/// One outlet of one context. Names have no slash.
struct definition {
  std::string name;
  std::string context;
  std::vector<std::string> types; // "order.placed"; empty: all
  sink_actor sink;
  form_fn form{}; // none: the sink reads stored events
  duration timeout{30'000};
  std::uint32_t tries_max = 3; // within one delivery
  duration retry_min{200};     // between tries, doubling
  duration retry_max{30'000};
  std::size_t in_flight_max = 64;  // events at the sink
  std::size_t queued_max = 4'096;  // events in memory; beyond, they wait in the store
  std::size_t parked_max = 10'000; // entities; beyond, the outlet keeps what fails and stands still when all does
  std::uint32_t failures_max = 20; // deliveries in a row without a success: then it is the sink that fails, and nothing
                                   // more is parked until it takes an event
  std::size_t page_events = 500;   // of one read of a shard
  duration save_every{1'000};
  duration check_every{5'000}; // whether the journal still knows this outlet
};

// ---- parking -------------------------------------------------------------------------------------------------------

/// Asks to be told when nothing of this entity is parked any more.
struct await_drained {
  place where;
};

struct parking_view {
  std::uint64_t last_offset = 0; // the highest that was ever parked
  std::size_t items = 0;         // that wait
};

/// The parked events of one entity, or the region that leads to them. Every command fails as the journal does, too.
using parking_actor = caf::typed_actor<
  // Answers when the event is durably parked, or was before. Fails with too_many_parked.
  caf::result<parking_view>(request_context, park), caf::result<parking_view>(request_context, await_drained)>;

/// What parking needs to know of the outlets, by "<outlet>/<context>".
using definitions = std::map<std::string, definition>;

inline std::string name_of(const std::string& outlet, const std::string& context) {
  return outlet + '/' + context;
}

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, place& x) {
  return f.object(x).fields(f.field("outlet", x.outlet), f.field("context", x.context), f.field("entity", x.entity));
}
template <class Inspector> bool inspect(Inspector& f, item& x) {
  return f.object(x).fields(f.field("offset", x.offset), f.field("version", x.version), f.field("type", x.type));
}
template <class Inspector> bool inspect(Inspector& f, park& x) {
  return f.object(x).fields(f.field("where", x.where), f.field("item", x.item), f.field("failed", x.failed),
                            f.field("again", x.again));
}
template <class Inspector> bool inspect(Inspector& f, await_drained& x) {
  return f.object(x).fields(f.field("where", x.where));
}
template <class Inspector> bool inspect(Inspector& f, parking_view& x) {
  return f.object(x).fields(f.field("last_offset", x.last_offset), f.field("items", x.items));
}

// ---- the outlet ----------------------------------------------------------------------------------------------------

struct get_status {};

/// What kept outlets from going on may be over.
struct look_again {};

struct status {
  bool started = false; // it knows where it stands
  std::size_t queued = 0;
  std::size_t in_flight = 0;
  std::size_t shards_behind = 0; // to be read from the store
  outlet::lag lag;
};

/// What the rest of the system sees of an outlet; it begins by itself.
using outlet_actor =
  caf::typed_actor<caf::result<void>(journal::notice), caf::result<void>(look_again), caf::result<status>(get_status),
                   // Of a member of a cluster: it passes on the events of the shards that its node owns.
                   caf::result<void>(entity::gained), caf::result<void>(entity::evict)>;

struct dependencies {
  journal::journal_actor journal;
  parking_actor parking;
  clock_fn now;
  observer observe{};
  live<pause::board> pauses{}; // an outlet that is paused, or of which that is not known yet, hands nothing over
  entity::held_shards held{};  // whose events it passes on
};

} // namespace troupe::outlet

CAF_BEGIN_TYPE_ID_BLOCK(troupe_outlet, caf::first_custom_type_id + 1200)
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::deliver))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::park))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::await_drained))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::parking_view))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::rejection))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::get_status))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::status))
  CAF_ADD_TYPE_ID(troupe_outlet, (troupe::outlet::look_again))
CAF_END_TYPE_ID_BLOCK(troupe_outlet)

// These stay on their node: an outlet passes on what the journal beside it stores.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::outlet::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::outlet::get_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::outlet::status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::outlet::look_again)

CAF_ERROR_CODE_ENUM(troupe::outlet::rejection)

namespace troupe::outlet {

/// The behaviour behind outlet_actor.
class outlet_actor_state {
public:
  static constexpr const char* name = "outlet";

  outlet_actor_state(outlet_actor::pointer self, definition about, dependencies deps);
  ~outlet_actor_state();

  outlet_actor_state(const outlet_actor_state&) = delete;
  outlet_actor_state& operator=(const outlet_actor_state&) = delete;

  outlet_actor::behavior_type make_behavior();

private:
  struct waiting_event {
    journal::event_ptr event;
    std::optional<public_event> form;
    std::uint32_t tries = 0;
    std::uint32_t stay = 0; // of its shard
  };
  struct line { // the events of one entity
    std::deque<waiting_event> events;
    bool busy = false; // its first event is on its way, or waits for its next try
  };
  struct shard_state {
    outlet::progress progress;
    std::uint64_t saved = 0;
    std::uint64_t last = 0; // of the shard, as far as known
    bool changed = false;   // something came while it was being read
    std::uint32_t stay = 0; // counts how often the node has got the shard, so that an answer of before finds out
  };
  struct parked_entity_state {
    std::uint64_t last_offset = 0; // that was sent to be parked
    bool awaited = false;          // the end of it
  };

  // Beginning, and beginning again.
  void check();
  void look_at_positions();
  void on_gained(const journal::shard_set& shards);
  void on_evict(const journal::shard_set& shards);
  void find_parked(std::optional<journal::wake_up> after);
  void start();

  // What comes in.
  void on_notice(const journal::notice& news);
  void on_run(const journal::run& x);
  void fall_behind(std::uint16_t shard);
  void read_more();
  void on_page(std::uint16_t shard, const std::vector<journal::stored_event>& events);
  void take(shard_state& shard, journal::event_ptr event);
  bool wants(const std::string& type) const;

  // What goes out.
  bool stands_still() const { return deps_.pauses->stops(pause::kind::outlet, about_.name); }
  void pump();
  void begin(const std::string& entity);
  void pass_on(const std::string& entity);
  void send_to_parking(const std::string& entity, std::optional<ec> failed);
  void await_end_of_parking(const std::string& entity);
  void on_delivered(const std::string& entity);
  void on_failed(const std::string& entity, ec why);
  void finish(const std::string& entity);
  void try_later(const std::string& entity, std::uint32_t tries);

  void tick();
  outlet::lag measure() const;
  void complain(const caf::error& why) const;

  outlet_actor::pointer self_;
  definition about_;
  dependencies deps_;
  std::vector<shard_state> shards_;
  journal::shard_set fresh_ = journal::all_shards(); // not looked at since the node has them
  std::set<std::uint16_t> behind_;
  std::uint16_t read_last_ = 0; // so that shards take turns
  bool reading_ = false;
  bool started_ = false;
  bool positions_known_ = false;
  bool parked_known_ = false;
  bool look_again_ = false; // something may have been missed while positions were looked up
  bool pumping_ = false;
  std::unordered_map<std::string, line> lines_; // by entity; those with something to do
  std::deque<std::string> ready_;               // entities whose first event can begin
  std::unordered_map<std::string, parked_entity_state> parked_;
  std::size_t queued_ = 0;
  std::size_t in_flight_ = 0;
  std::uint32_t failures_ = 0; // in a row
  caf::disposable tick_;
  caf::disposable check_;
};

using outlet_actor_impl = outlet_actor::stateful_impl<outlet_actor_state>;

} // namespace troupe::outlet
