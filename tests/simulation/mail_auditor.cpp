#include "tests/simulation/mail_auditor.hpp"

#include "actors/notification/stored.hpp"

namespace troupe::simulation {

namespace {

std::string_view order_in(std::string_view mail) {
  return mail.substr(0, mail.find('/'));
}

} // namespace

void mail_auditor::follow(const journal::stored_event& e) {
  const auto event = notification::decode(e);
  const auto& id = e.stream.key;
  if (!event)
    return fail_("event " + std::to_string(e.version) + " of mail " + id + " cannot be read");
  auto& mail = mails_[id];
  if (std::holds_alternative<notification::put_back>(*event)) {
    if (mail.given_up.empty() || !mail.end.starts_with("given up"))
      fail_("mail " + id + " was put back, and was not given up");
    mail.end.clear();
    return;
  }
  if (!mail.end.empty())
    fail_("mail " + id + " has ended as " + mail.end + ", and then " + e.type + " was stored");
  if (std::holds_alternative<notification::requested>(*event)) {
    if (mail.requested)
      fail_("mail " + id + " was asked for twice");
    mail.requested = true;
    if (!confirmed_(order_in(id)))
      fail_("mail " + id + " was asked for before its order was durably confirmed");
  } else if (const auto* failed = std::get_if<notification::attempt_failed>(&*event)) {
    ++mail.outcomes;
    if (!may_have_acted(failed->code) && mail.departures == 1 && mail.takes > 0)
      fail_("mail " + id + " was taken, and its only try is said to have surely failed");
  } else if (std::holds_alternative<notification::template_failed>(*event)) {
    ++mail.outcomes;
  } else if (const auto* sent = std::get_if<notification::sent>(&*event)) {
    mail.end = "sent";
    if (mail.taken_by != sent->provider)
      fail_("mail " + id + " is said to be sent by " + sent->provider + ", which has not taken it");
  } else if (const auto* skipped = std::get_if<notification::skipped>(&*event)) {
    mail.end = "skipped: " + skipped->why;
    if (mail.takes > 0)
      fail_("mail " + id + " was skipped after it was taken");
  } else if (const auto* given_up = std::get_if<notification::given_up>(&*event)) {
    ++mail.outcomes; // of the last try, if there was one
    mail.end = "given up: " + given_up->why;
    mail.given_up.push_back(e.version);
  }
}

void mail_auditor::left(const std::string& provider, const notification::send_mail& x, caf::actor_id by) {
  auto& mail = mails_[x.key];
  if (!mail.requested)
    fail_("mail " + x.key + " left the node before it was durably asked for");
  if (!mail.end.empty())
    fail_("mail " + x.key + " has ended as " + mail.end + " and left the node");
  if (mail.departures > 0 && mail.last_by == by && mail.outcomes_before == mail.outcomes)
    fail_("mail " + x.key + " left the node again before the outcome of its last try was stored");
  if (!mail.taken_by.empty() && mail.taken_by != provider)
    fail_("mail " + x.key + " was taken by " + mail.taken_by + " and left the node for " + provider);
  ++mail.departures;
  mail.last_by = by;
  mail.outcomes_before = mail.outcomes;
}

void mail_auditor::doubled(const std::string&, const std::string& key) {
  ++mails_[key].doubles;
}

bool mail_auditor::taken(const std::string& provider, const std::string& key) {
  auto& mail = mails_[key];
  if (!confirmed_(order_in(key)))
    fail_(provider + " took the mail " + key + " of an order that was not confirmed");
  if (!mail.taken_by.empty() && mail.taken_by != provider)
    fail_("mail " + key + " was taken by " + mail.taken_by + " and by " + provider);
  if (provider == "resend" && mail.takes > 0)
    fail_(provider + " took the mail " + key + " twice");
  mail.taken_by = provider;
  if (++mail.takes > mail.departures + mail.doubles)
    fail_(provider + " took the mail " + key + " more often than it left the node");
  return mail.takes > 1;
}

bool mail_auditor::asked_for(std::string_view order) const {
  const auto found = mails_.lower_bound(order);
  return found != mails_.end() && order_in(found->first) == order && found->second.requested;
}

std::map<std::string, std::vector<std::uint64_t>> mail_auditor::given_up() const {
  std::map<std::string, std::vector<std::uint64_t>> result;
  for (const auto& [id, mail] : mails_)
    if (!mail.given_up.empty())
      result[id] = mail.given_up;
  return result;
}

void mail_auditor::close() const {
  for (const auto& [id, mail] : mails_)
    if (mail.requested && mail.end.empty())
      fail_("mail " + id + " has not ended");
}

std::map<std::string, std::uint64_t> mail_auditor::ends() const {
  std::map<std::string, std::uint64_t> result;
  for (const auto& [id, mail] : mails_)
    if (!mail.end.empty())
      ++result[mail.end];
  return result;
}

} // namespace troupe::simulation
