// actors/notification/notification_entity.hpp: the actor of one mail: tries to send it until it has ended.
#pragma once

#include "actors/entity/shard_region.hpp"
#include "actors/kernel/live.hpp"
#include "actors/notification/notification_actor.hpp"
#include "actors/notification/stored.hpp"
#include "actors/pause/board.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace troupe::notification {

struct traits {
  using state = notification::state;
  using event = notification::event;
  using rejection = notification::rejection;
  using interface = notification_actor;
  using commands = entity::command_list<request_mail, try_again, get_mail>;
  template <class Command> using answer_to = mail_view;

  static constexpr const char* context = "notification";
  static constexpr const char* region_name = "notifications";
  static constexpr std::uint16_t snapshot_schema = notification::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.id.value; }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point at) { s.apply(e, at); }
  static journal::encoded_event encode(const event& e) { return notification::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return notification::decode(e); }
  static std::string encode_snapshot(const state& s) { return notification::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return notification::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

/// What the mails of a node share. The callbacks are called on any thread, several at a time, and return at once; each
/// is told what is stored, unless the process ends in between, and never personal data.
struct dependencies {
  std::map<std::string, mailer_actor> providers; // by configured name
  mailbox from;                                  // of every mail
  live<notification::policy> policy;             // names the providers in their order
  duration timeout{40'000};                      // of one try, longer than any provider's own
  /// Each end of a mail. `why` as in its view.
  std::function<void(const std::string& id, status, const std::string& why)> ended{};
  /// A provider does not take mail from our domain, or to the recipient's: somebody has to do something.
  std::function<void(const std::string& id, const std::string& provider)> domain_blocked{};
  /// A mail was given up: what dead letters are made of.
  std::function<void(const mail_view& x)> gave_up{};
  live<pause::board> pauses{}; // a mail whose next provider is paused waits for it, and its time stands still
};

/// How often a mail that stands still looks whether that is so; whoever resumes its provider wakes it.
inline constexpr duration paused_look = std::chrono::minutes{1};

using shared_dependencies = std::shared_ptr<const dependencies>;

class notification_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  notification_entity(pointer self, std::string key, entity::environment env,
                      const entity::recovered<notification::state>& from, caf::actor region, shared_dependencies deps);

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
  std::optional<time_point> wake_up() const override;
  /// A mail that is on its way stays in memory: only what a crash takes leaves open whether there was a try.
  bool can_stop() const override { return !notification::wake_up(state()); }

private:
  void tell_end();
  bool stands_still() const;
  duration stood_still_for() const;
  void advance();
  void look_again();
  void wait_for_the_lease();
  void run(const effect::send& what);
  void on_error(const std::string& provider, const caf::error& error);
  template <class Outcome> void conclude(Outcome outcome);
  request_context effect_context() const;

  shared_dependencies deps_;
  trace_context trace_;                                 // of the request for the mail
  std::pair<notification::status, std::uint32_t> told_; // the last end that the callbacks need not be told of
  bool found_pending_; // whoever had it in memory before may have tried, and not stored what came of it
  bool in_flight_ = false;
  bool waits_for_lease_ = false;
  std::optional<time_point> timer_at_;
};

} // namespace troupe::notification
