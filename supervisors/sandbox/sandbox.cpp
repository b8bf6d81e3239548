#include "supervisors/sandbox/sandbox.hpp"

#include "adapters/payment/wire_text.hpp"
#include "supervisors/sandbox/inbox_page.hpp"

#include <algorithm>

namespace troupe::sandbox {

namespace {

namespace wire = payment::wire;
using payment::twin_kind;

constexpr std::string_view own_prefix = "/_sandbox/";
constexpr std::string_view rest_prefix = "/rest";
constexpr std::string_view stripe_prefix = "/stripe";
constexpr std::string_view resend_prefix = "/resend";
constexpr std::string_view sendgrid_prefix = "/sendgrid";
constexpr std::string_view smtp_path = "/smtp";
constexpr std::int64_t page_max = 10'000;

http::response json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

http::response problem(int status, std::string_view title, std::string_view detail,
                       const std::vector<plan_error>& errors = {}) {
  std::string body = "{\"type\":\"about:blank\",\"status\":";
  wire::append(body, status);
  body += ",\"title\":";
  wire::append_json(body, title);
  body += ",\"detail\":";
  wire::append_json(body, detail);
  if (!errors.empty()) {
    body += ",\"errors\":[";
    for (const auto& x : errors) {
      if (body.back() != '[')
        body += ',';
      body += "{\"pointer\":";
      wire::append_json(body, x.pointer);
      body += ",\"detail\":";
      wire::append_json(body, x.detail);
      body += '}';
    }
    body += ']';
  }
  body += '}';
  return {status, {{"Content-Type", "application/problem+json"}}, std::move(body)};
}

bool below(std::string_view target, std::string_view prefix) {
  return target.starts_with(prefix)
         && (target.size() == prefix.size() || target[prefix.size()] == '/' || target[prefix.size()] == '?');
}

/// Whether the provider does what it is asked, in spite of the fault.
bool acts(fault_kind x) {
  return x != fault_kind::rate_limit && x != fault_kind::error && x != fault_kind::drop_before;
}

/// The answer of a provider that does not act, in the form that `failure` gives a status.
void refuse(outcome& result, const fault_rule& rule, http::response (*failure)(int status)) {
  const bool limited = rule.kind == fault_kind::rate_limit;
  result.response = failure(limited ? 429 : rule.status);
  if (!limited && !rule.retry_after_s)
    return;
  std::erase_if(result.response.fields, [](const auto& field) { return field.first == "retry-after"; });
  result.response.fields.emplace_back("Retry-After", std::to_string(rule.retry_after_s.value_or(1)));
}

/// What becomes of the answer of a provider that has acted.
void spoil(outcome& result, const fault_rule& rule) {
  auto& body = result.response.body;
  switch (rule.kind) {
    case fault_kind::drop_after: result.ending = sandbox_ending::dropped; break;
    case fault_kind::timeout_after:
      result.delay += rule.hold;
      result.ending = sandbox_ending::dropped;
      break;
    case fault_kind::late_answer: result.delay += rule.hold; break;
    case fault_kind::malformed:
      body.resize(body.size() / 2);
      body += "\"}]{:";
      break;
    case fault_kind::truncate: result.ending = sandbox_ending::truncated; break;
    case fault_kind::none:
    case fault_kind::rate_limit:
    case fault_kind::error:
    case fault_kind::drop_before:
    case fault_kind::duplicate_webhook:
    case fault_kind::late_webhook: break;
  }
}

} // namespace

sandbox::sandbox(options how, random_fn random, time_point now)
  : rest_(std::move(how.rest), books_, random), stripe_(std::move(how.stripe), books_, random),
    resend_(std::move(how.resend), letters_, random), sendgrid_(std::move(how.sendgrid), letters_, std::move(random)) {
  faults_.set(std::move(how.faults), now);
}

void sandbox::keep_in(storage where) {
  storage_ = std::move(where);
  books_.keep_in(storage_.append);
}

outcome sandbox::handle(http::request r, time_point now) {
  if (below(r.target, stripe_prefix))
    return serve(twin_kind::stripe, std::move(r), now);
  if (below(r.target, rest_prefix))
    return serve(twin_kind::rest, std::move(r), now);
  if (below(r.target, resend_prefix))
    return serve_mail(resend_, resend_prefix, std::move(r), now);
  if (below(r.target, sendgrid_prefix))
    return serve_mail(sendgrid_, sendgrid_prefix, std::move(r), now);
  return {.response = administer(r, now)};
}

outcome sandbox::serve(twin_kind twin, http::request r, time_point now) {
  outcome result;
  const auto hit = faults_.empty() ? injection{} : faults_.next(r.method, wire::split_target(r.target).first, now);
  result.delay = hit.wait;
  const auto kind = hit.rule ? hit.rule->kind : fault_kind::none;
  const bool is_stripe = twin == twin_kind::stripe;
  r.target.erase(0, is_stripe ? stripe_prefix.size() : rest_prefix.size());
  if (!acts(kind)) {
    if (kind == fault_kind::drop_before)
      result.ending = sandbox_ending::dropped;
    else
      refuse(result, *hit.rule, is_stripe ? payment::stripe::twin::failure : payment::rest::twin::failure);
    books_.note({.at = now.time_since_epoch().count(),
                 .twin = twin,
                 .status = result.response.status,
                 .method = r.method,
                 .target = r.target,
                 .key = std::string{http::find(r.fields, "Idempotency-Key")},
                 .fault = hit.rule->name});
    return result;
  }
  result.response = is_stripe ? stripe_.handle(r, now) : rest_.handle(r, now);
  if (is_stripe)
    enqueue(hit.rule, now);
  if (!hit.rule)
    return result;
  books_.note_fault(hit.rule->name);
  spoil(result, *hit.rule);
  return result;
}

template <class Twin>
outcome sandbox::serve_mail(Twin& twin, std::string_view prefix, http::request r, time_point now) {
  outcome result;
  const auto hit = faults_.empty() ? injection{} : faults_.next(r.method, wire::split_target(r.target).first, now);
  result.delay = hit.wait;
  r.target.erase(0, prefix.size());
  if (hit.rule && !acts(hit.rule->kind)) {
    if (hit.rule->kind == fault_kind::drop_before)
      result.ending = sandbox_ending::dropped;
    else
      refuse(result, *hit.rule, Twin::failure);
    return result;
  }
  result.response = twin.handle(r, now);
  if (hit.rule)
    spoil(result, *hit.rule);
  return result;
}

email::smtp::sink_answer sandbox::take_mail(email::letter x, time_point now) {
  email::smtp::sink_answer result;
  const auto hit = faults_.empty() ? injection{} : faults_.next("DATA", smtp_path, now);
  result.delay = hit.wait;
  if (hit.rule && !acts(hit.rule->kind)) {
    result.closes = hit.rule->kind == fault_kind::drop_before;
    if (!result.closes)
      result.text = hit.rule->kind == fault_kind::rate_limit ? "451 4.7.1 Too many mails, try again later\r\n"
                                                             : "451 4.3.0 The mail was not taken\r\n";
    return result;
  }
  x.at = now;
  letters_.add(std::move(x));
  const auto kind = hit.rule ? hit.rule->kind : fault_kind::none;
  if (kind == fault_kind::late_answer || kind == fault_kind::timeout_after)
    result.delay += hit.rule->hold;
  if (kind == fault_kind::timeout_after || kind == fault_kind::drop_after || kind == fault_kind::truncate)
    result.closes = true;
  else
    result.text = kind == fault_kind::malformed ? "no reply of SMTP\r\n"
                                                : "250 2.0.0 Taken as " + std::to_string(letters_.taken()) + "\r\n";
  return result;
}

bool sandbox::fails(email::recipient_kind kind) {
  return kind == email::recipient_kind::limited ? limited_.fails() : unavailable_.fails();
}

void sandbox::enqueue(const fault_rule* rule, time_point now) {
  for (auto& made : stripe_.take_deliveries()) {
    const webhook what{std::move(made.id), std::move(made.type), std::move(made.body)};
    const auto due = rule && rule->kind == fault_kind::late_webhook ? now + rule->webhook_delay : now;
    const auto copies = rule && rule->kind == fault_kind::duplicate_webhook ? rule->copies : 1;
    for (std::uint32_t i = 0; i < copies; ++i)
      webhooks_.push({due, webhooks_made_++, what});
  }
}

std::vector<webhook> sandbox::take_webhooks(time_point now) {
  rest_.settle(now);
  stripe_.settle(now);
  enqueue(nullptr, now);
  std::vector<webhook> result;
  while (!webhooks_.empty() && webhooks_.top().due <= now) {
    result.push_back(webhooks_.top().what);
    webhooks_.pop();
  }
  return result;
}

std::optional<time_point> sandbox::next_due() {
  std::optional<time_point> result;
  const auto consider = [&](time_point x) { result = result ? std::min(*result, x) : x; };
  if (!webhooks_.empty())
    consider(webhooks_.top().due);
  for (const auto twin : {twin_kind::rest, twin_kind::stripe})
    if (const auto at = books_.next_due(twin))
      consider(time_point{duration{*at}});
  return result;
}

std::string sandbox::sign(std::string_view body, time_point now) const {
  return payment::stripe::signature_of(stripe_.options().webhook_secret, body, now);
}

http::response sandbox::administer(const http::request& r, time_point now) {
  const auto [path, query] = wire::split_target(r.target);
  if (path.starts_with(own_prefix)) {
    const auto what = path.substr(own_prefix.size());
    if (what == "health" && r.method == "GET") {
      std::string body = "{\"status\":\"ok\",\"charges\":";
      wire::append(body, books_.charge_count());
      body += ",\"calls\":";
      wire::append(body, static_cast<std::int64_t>(books_.calls_noted()));
      body += '}';
      return json(200, std::move(body));
    }
    if (what == "ledger" && r.method == "GET")
      return show_ledger(query);
    if ((what == "inbox" || what == "inbox.json" || what.starts_with("inbox/")) && r.method == "GET")
      return show_inbox(what, query);
    if (what == "faults" && r.method == "GET")
      return json(200, faults_.to_json(now));
    if (what == "faults" && r.method == "PUT")
      return put_faults(r.body, now);
    if (what == "faults" && r.method == "DELETE") {
      faults_.set({}, now);
      return {204, {}, {}};
    }
    if (what == "reset" && r.method == "POST") {
      auto result = reset();
      if (result.status == 204)
        faults_.set({}, now);
      return result;
    }
  }
  return problem(
    404, "Not found",
    "The sandbox has /stripe, /rest, /resend, /sendgrid, and GET /_sandbox/health, GET /_sandbox/ledger, GET "
    "/_sandbox/inbox, GET /_sandbox/inbox.json, GET, PUT and DELETE /_sandbox/faults, POST "
    "/_sandbox/reset.");
}

http::response sandbox::show_ledger(std::string_view query) const {
  const auto fields = wire::parse_form(query);
  payment::ledger_query what;
  what.reference = wire::find(fields, "reference").value_or("");
  const auto number = [&](std::string_view name, std::int64_t otherwise) {
    const auto given = wire::find(fields, name);
    return given ? wire::parse_integer(*given).value_or(-1) : otherwise;
  };
  const auto after = number("after", 0);
  const auto limit = number("limit", what.charges_max);
  if (after < 0 || after > UINT32_MAX)
    return problem(400, "Bad request", "`after` must be the `next` of an earlier page.");
  if (limit < 0 || limit > page_max)
    return problem(400, "Bad request", "`limit` must be a whole number from 0 to " + std::to_string(page_max) + ".");
  what.after = static_cast<std::uint32_t>(after);
  what.charges_max = static_cast<std::uint32_t>(limit);
  return json(200, books_.to_json(what));
}

http::response sandbox::show_inbox(std::string_view what, std::string_view query) const {
  const bool as_json = what.ends_with(".json");
  if (as_json)
    what.remove_suffix(std::string_view{".json"}.size());
  if (what == "inbox") {
    const auto fields = wire::parse_form(query);
    return as_json ? json(200, inbox_json(letters_, wire::find(fields, "to").value_or(""))) : inbox_page(letters_);
  }
  what.remove_prefix(std::string_view{"inbox/"}.size());
  const auto number = wire::parse_integer(what);
  const auto* found = number && *number > 0 ? letters_.find(static_cast<std::uint64_t>(*number)) : nullptr;
  if (!found)
    return problem(404, "Not found", "There is no such mail; the inbox keeps the latest 500.");
  return as_json ? json(200, letter_json(*found)) : letter_page(*found);
}

http::response sandbox::put_faults(const std::string& body, time_point now) {
  auto plan = parse_plan(body);
  if (const auto* errors = std::get_if<std::vector<plan_error>>(&plan))
    return problem(400, "Not a plan of faults", "Nothing was changed.", *errors);
  faults_.set(std::get<fault_plan>(std::move(plan)), now);
  return json(200, faults_.to_json(now));
}

http::response sandbox::reset() {
  if (storage_.clear && !storage_.clear())
    return problem(500, "Not stored", "The log could not be emptied; nothing was changed.");
  books_.clear();
  letters_.clear();
  stripe_.take_deliveries();
  webhooks_ = {};
  return {204, {}, {}};
}

} // namespace troupe::sandbox
