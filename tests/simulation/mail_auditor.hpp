// tests/simulation/mail_auditor.hpp: what must hold of the mails that confirmed orders cause.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "actors/notification/mailer.hpp"
#include "actors/notification/notification.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::simulation {

/// Follows each mail from its request to its end, and each try from the node to the provider. A provider that remembers
/// keys takes a mail once; the other one again only when a try was made again, and that only when nobody knew what had
/// become of the one before.
class mail_auditor {
public:
  using fail_fn = std::function<void(std::string)>;
  using confirmed_fn = std::function<bool(std::string_view order)>; // durably, whatever became of it since

  mail_auditor(fail_fn fail, confirmed_fn confirmed) : fail_(std::move(fail)), confirmed_(std::move(confirmed)) {}

  /// A durable event of the context "notification"; each once, in the order of its stream.
  void follow(const journal::stored_event& e);

  /// A try leaves the mail's actor `by`.
  void left(const std::string& provider, const notification::send_mail& x, caf::actor_id by);

  /// The network brings a call twice.
  void doubled(const std::string& provider, const std::string& key);

  /// The provider has taken the mail; whether it had taken it before.
  bool taken(const std::string& provider, const std::string& key);

  /// Whether a mail about this order was ever asked for.
  bool asked_for(std::string_view order) const;

  /// The mails that were given up, by id, with the versions of those events.
  std::map<std::string, std::vector<std::uint64_t>> given_up() const;

  /// Every mail has ended.
  void close() const;

  /// How mails ended, by status and reason.
  std::map<std::string, std::uint64_t> ends() const;

private:
  struct mail_record {
    bool requested = false;
    std::string end;            // "sent", "skipped: invalid_address"; empty until it is durable
    std::uint64_t outcomes = 0; // durable, of tries
    std::uint64_t departures = 0;
    std::uint64_t doubles = 0; // calls that the network brings twice
    std::uint64_t takes = 0;
    std::string taken_by;
    caf::actor_id last_by = 0;         // whose try the last was
    std::uint64_t outcomes_before = 0; // at that time
    std::vector<std::uint64_t> given_up;
  };

  fail_fn fail_;
  confirmed_fn confirmed_;
  std::map<std::string, mail_record, std::less<>> mails_;
};

} // namespace troupe::simulation
