#include "actors/notification/notification.hpp"

#include <algorithm>

namespace troupe::notification {

namespace {

using events = std::vector<event>;

struct fold {
  state& s;
  time_point at;

  void operator()(const requested& e) {
    s.known = true;
    s.to = e.to;
    s.model = e.model;
    s.template_name = s.asked_template = e.template_name;
    s.kind = e.kind;
    s.expires_at = e.expires_at;
    s.requested_at = at;
  }
  void operator()(const attempt_failed& e) {
    s.last_failure = e.code;
    s.next_at = e.next_at;
    if (may_have_acted(e.code))
      s.unanswered = e.attempt;
    else if (e.attempt > 0)
      s.attempts = e.attempt;
    if (e.next_provider == e.provider || e.attempt > 0)
      s.tried.clear();
    else
      s.tried.push_back(e.provider);
    s.provider = e.next_provider;
  }
  void operator()(const template_failed&) { s.template_name = default_template; }
  void operator()(const sent& e) {
    end(status::sent, {});
    forget();
    s.provider = e.provider;
    s.message_id = e.message_id;
  }
  void operator()(const skipped& e) {
    end(status::skipped, e.why);
    forget();
  }
  void operator()(const time_extended& e) {
    s.stood_still = e.stood_still;
    s.expires_at = e.expires_at;
  }
  void operator()(const given_up& e) {
    s.in_doubt = s.in_doubt || s.unanswered > 0 || is_unanswered(e.why);
    end(status::given_up, e.why);
    ++s.times_given_up;
    if (!e.provider.empty())
      s.provider = e.provider;
  }
  void operator()(const put_back& e) {
    s.status = status::pending;
    s.why.clear();
    s.attempts = s.unanswered = 0;
    s.last_failure.reset();
    s.next_at = {};
    s.expires_at = e.expires_at;
    s.last_key = e.key;
    // What may have left is repeated as it was, so that the provider can know it.
    if (s.in_doubt)
      return;
    s.provider.clear();
    s.template_name = s.asked_template;
  }

private:
  void end(status as, const std::string& why) {
    s.status = as;
    s.why = why;
    s.tried.clear();
  }
  void forget() {
    s.to = {};
    s.model.clear();
  }
  static bool is_unanswered(std::string_view why) {
    for (const auto code : {ec::timed_out, ec::interrupted, ec::bad_response, ec::commit_unknown, ec::conflict})
      if (troupe::name_of(code) == why)
        return true;
    return false;
  }
};

bool is_open(const state& s) {
  return s.known && s.status == status::pending;
}

/// A provider that was not tried since the last wait, `just_failed` included.
const std::string* untried(const state& s, const policy& p, const std::string& just_failed) {
  for (const auto& name : p.providers)
    if (name != just_failed && std::find(s.tried.begin(), s.tried.end(), name) == s.tried.end())
      return &name;
  return nullptr;
}

decision give_up(std::string_view why, const std::string& provider) {
  return events{given_up{std::string{why}, provider}};
}

/// Another try at `next_at`, unless that is too late.
decision again(const state& s, const try_failed& x, std::uint32_t attempt, std::string next_provider,
               time_point next_at) {
  if (next_at >= s.expires_at)
    return give_up("expired", x.provider);
  return events{attempt_failed{x.provider, x.code, attempt, std::move(next_provider), next_at}};
}

/// What `code` says of us, not of the provider: nothing was sent, and it costs no attempt.
bool is_of_ours(ec code) {
  return code == ec::overloaded || code == ec::shutting_down || code == ec::deadline;
}

decision decide_unanswered(const state& s, const try_failed& x, time_point now, const policy& p) {
  const auto attempt = s.unanswered + 1;
  if (attempt >= p.unanswered_max)
    return give_up(troupe::name_of(x.code), x.provider);
  const auto next_at = now + std::max(p.retry_base * attempt, x.wait.value_or(duration{0}));
  auto result = again(s, x, attempt, x.provider, next_at);
  if (next_at >= s.expires_at) // That it may have left is told before its end.
    std::get<events>(result).insert(std::get<events>(result).begin(),
                                    attempt_failed{x.provider, x.code, attempt, x.provider, next_at});
  return result;
}

decision decide_unsent(const state& s, const try_failed& x, time_point now, const policy& p) {
  // Once a mail may have left through one provider, another would send it a second time.
  const bool may_have_left = s.unanswered > 0 || s.in_doubt;
  if (!may_have_left)
    if (const auto* other = untried(s, p, x.provider))
      return again(s, x, 0, *other, now);
  const auto attempt = s.attempts + 1;
  if (attempt >= p.attempts_max)
    return give_up(troupe::name_of(x.code), x.provider);
  const auto first = may_have_left || p.providers.empty() ? x.provider : p.providers.front();
  return again(s, x, attempt, first, now + std::max(p.retry_base * attempt, x.wait.value_or(duration{0})));
}

} // namespace

std::string_view name_of(category x) {
  switch (x) {
    case category::transactional: return "transactional";
    case category::bulk: return "bulk";
  }
  return "invalid";
}

std::string_view name_of(mail_refusal x) {
  switch (x) {
    case mail_refusal::invalid_address: return "invalid_address";
    case mail_refusal::blocked_domain: return "blocked_domain";
    case mail_refusal::template_error: return "template_error";
    case mail_refusal::already_accepted: return "already_accepted";
  }
  return "invalid";
}

std::string_view name_of(rejection x) {
  switch (x) {
    case rejection::unknown_mail: return "unknown_mail";
    case rejection::bad_id: return "bad_id";
    case rejection::no_template: return "no_template";
    case rejection::model_too_large: return "model_too_large";
    case rejection::not_given_up: return "not_given_up";
    case rejection::erased: return "erased";
    case rejection::no_provider: return "no_provider";
  }
  return "invalid";
}

std::string_view name_of(status x) {
  switch (x) {
    case status::pending: return "pending";
    case status::sent: return "sent";
    case status::skipped: return "skipped";
    case status::given_up: return "given_up";
  }
  return "invalid";
}

std::string_view name_of(const event& x) {
  struct namer {
    std::string_view operator()(const requested&) const { return "requested"; }
    std::string_view operator()(const attempt_failed&) const { return "attempt_failed"; }
    std::string_view operator()(const template_failed&) const { return "template_failed"; }
    std::string_view operator()(const sent&) const { return "sent"; }
    std::string_view operator()(const skipped&) const { return "skipped"; }
    std::string_view operator()(const given_up&) const { return "given_up"; }
    std::string_view operator()(const put_back&) const { return "put_back"; }
    std::string_view operator()(const time_extended&) const { return "time_extended"; }
  };
  return std::visit(namer{}, x);
}

bool is_mail_address(std::string_view address) {
  constexpr std::size_t address_bytes_max = 254; // RFC 5321, 4.5.3.1.3, less the brackets
  constexpr std::size_t local_bytes_max = 64;
  constexpr std::string_view never = "<>()[],;:\\\""; // quoted local parts are nowhere in use
  const auto at = address.find('@');
  if (address.size() > address_bytes_max || at == address.npos || at == 0 || at > local_bytes_max
      || address.find('@', at + 1) != address.npos)
    return false;
  for (const char c : address)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || never.find(c) != never.npos)
      return false;
  const auto domain = address.substr(at + 1);
  return !domain.empty() && domain.front() != '.' && domain.back() != '.' && domain.front() != '-'
         && domain.find("..") == domain.npos;
}

void state::apply(const event& e, time_point at) {
  std::visit(fold{*this, at}, e); // A new event without an overload does not compile.
  updated_at = at;
}

std::optional<effect::send> outstanding(const state& s, time_point now, const policy& p) {
  if (!is_open(s) || (s.last_failure && s.next_at > now) || now >= s.expires_at)
    return std::nullopt;
  return effect::send{next_provider(s, p)};
}

// The one that was asked last, or is the next one after it, as long as it is configured.
std::string next_provider(const state& s, const policy& p) {
  const auto known = std::find(p.providers.begin(), p.providers.end(), s.provider) != p.providers.end();
  return known || p.providers.empty() ? s.provider : p.providers.front();
}

std::optional<time_point> wake_up(const state& s) {
  if (!is_open(s))
    return std::nullopt;
  return std::min(s.last_failure ? s.next_at : s.requested_at, s.expires_at);
}

decision decide(const state& s, const request_mail& cmd, time_point now, const policy& p) {
  if (s.known)
    return events{};
  if (cmd.id.value.empty() || cmd.id.value.size() > id_bytes_max)
    return rejection::bad_id;
  if (cmd.template_name.empty())
    return rejection::no_template;
  if (cmd.model.size() > model_bytes_max)
    return rejection::model_too_large;
  events result{requested{cmd.to, cmd.template_name, cmd.model, cmd.kind, now + p.lifetime}};
  if (!is_mail_address(cmd.to.address))
    result.emplace_back(skipped{std::string{name_of(mail_refusal::invalid_address)}});
  else if (p.providers.empty())
    result.emplace_back(skipped{"no_provider"});
  return result;
}

decision decide(const state& s, const try_again& cmd, time_point now, const policy& p) {
  if (!s.known)
    return rejection::unknown_mail;
  if (s.status == status::skipped)
    return rejection::not_given_up;
  if (s.status != status::given_up || cmd.key == s.last_key)
    return events{};
  if (s.to.address.empty())
    return rejection::erased;
  if (p.providers.empty())
    return rejection::no_provider;
  return events{put_back{cmd.key, now + p.lifetime}};
}

decision decide(const state& s, const mail_accepted& x) {
  return is_open(s) ? events{sent{x.provider, x.message_id}} : events{};
}

decision decide(const state& s, const try_failed& x, time_point now, const policy& p) {
  if (!is_open(s))
    return events{};
  if (x.code == ec::refused)
    return give_up(troupe::name_of(x.code), x.provider);
  if (x.code == ec::rate_limited)
    return again(s, x, 0, x.provider, now + x.wait.value_or(p.rate_limit_wait));
  if (is_of_ours(x.code))
    return again(s, x, 0, x.provider, now + x.wait.value_or(p.retry_base));
  if (may_have_acted(x.code))
    return decide_unanswered(s, x, now, p);
  // This try surely sent nothing, and the one before it may have.
  if (x.repeated && s.unanswered == 0)
    return decide_unanswered(s, {x.provider, ec::interrupted, x.wait}, now, p);
  return decide_unsent(s, x, now, p);
}

decision decide(const state& s, const try_refused& x) {
  if (!is_open(s))
    return events{};
  switch (x.why) {
    case mail_refusal::invalid_address:
      // Nobody's address is left of a mail whose personal data was erased.
      return events{skipped{s.to.address.empty() ? "erased" : std::string{name_of(x.why)}}};
    case mail_refusal::template_error:
      if (s.template_name != default_template)
        return events{template_failed{s.template_name}};
      return give_up(name_of(x.why), x.provider);
    case mail_refusal::already_accepted: return events{sent{x.provider, ""}};
    case mail_refusal::blocked_domain: break;
  }
  return give_up(name_of(x.why), x.provider);
}

decision decide(const state& s, const time_passed&, time_point now) {
  return is_open(s) && now >= s.expires_at ? give_up("expired", "") : events{};
}

decision decide(const state& s, const stood_still& x) {
  if (!is_open(s) || x.total <= s.stood_still)
    return events{};
  return events{time_extended{x.total, s.expires_at + (x.total - s.stood_still)}};
}

} // namespace troupe::notification
