#include "adapters/email/sendgrid/twin.hpp"

#include "adapters/email/message.hpp"
#include "adapters/payment/wire_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::email::sendgrid {

namespace {

using nlohmann::json;

constexpr std::size_t body_bytes_max = 30 << 20;
constexpr std::size_t recipients_max = 1'000;

http::response fail(int status, const json& field, const std::string& message) {
  const json body{{"errors", json::array({{{"message", message}, {"field", field}, {"help", nullptr}}})}};
  return {status, {{"Content-Type", "application/json"}}, body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

std::string text(const json& object, const char* name) {
  if (!object.is_object())
    return {};
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

/// Nothing when it is no mailbox in SendGrid's form.
std::optional<notification::mailbox> mailbox_of(const json& x) {
  notification::mailbox out{text(x, "email"), text(x, "name")};
  return notification::is_mail_address(out.address) ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace

http::response twin::failure(int status) {
  if (status == 429)
    return fail(status, nullptr, "too many requests");
  return fail(status, nullptr, status == 503 ? "service unavailable" : "internal server error");
}

http::response twin::limited(time_point until) const {
  auto x = failure(429);
  x.fields.emplace_back("X-RateLimit-Limit", std::to_string(std::max(1u, options_.requests_per_minute)));
  x.fields.emplace_back("X-RateLimit-Remaining", "0");
  x.fields.emplace_back("X-RateLimit-Reset",
                        std::to_string(std::chrono::ceil<std::chrono::seconds>(until).time_since_epoch().count()));
  return x;
}

http::response twin::handle(const http::request& r, time_point now) {
  const auto path = payment::wire::split_target(r.target).first;
  if (path != "/v3/mail/send")
    return fail(404, nullptr, "not found");
  if (r.method != "POST")
    return fail(405, nullptr, "method not allowed");
  const auto key = payment::wire::parse_bearer(http::find(r.fields, "Authorization"));
  if (key.empty() || (!options_.api_key.empty() && key != options_.api_key))
    return fail(401, nullptr, "The provided authorization grant is invalid, expired, or revoked");
  if (const auto minute = std::chrono::floor<std::chrono::minutes>(now); minute != minute_) {
    minute_ = minute;
    requests_ = 0;
  }
  if (options_.requests_per_minute > 0 && ++requests_ > options_.requests_per_minute)
    return limited(minute_ + std::chrono::minutes{1});
  if (!http::find(r.fields, "Content-Type").starts_with("application/json"))
    return fail(415, nullptr, "Content-Type should be application/json.");
  return send(r, now);
}

http::response twin::send(const http::request& r, time_point now) {
  if (r.body.size() > body_bytes_max)
    return fail(413, nullptr, "The JSON payload you have included in your request is too large.");
  const auto body = json::parse(r.body, nullptr, false);
  if (!body.is_object())
    return fail(400, nullptr, "Bad Request");
  const auto personalizations = body.value("personalizations", json{});
  if (!personalizations.is_array() || personalizations.empty())
    return fail(400, "personalizations",
                "The personalizations field is required and must have at least one personalization.");
  letter x;
  auto kind = recipient_kind::plain;
  std::size_t recipients = 0;
  for (std::size_t i = 0; i < personalizations.size(); ++i) {
    const auto& one = personalizations[i];
    const auto at = "personalizations." + std::to_string(i) + ".to";
    const auto to = one.is_object() ? one.value("to", json{}) : json{};
    if (!to.is_array() || to.empty())
      return fail(400, at,
                  "The to array is required for all personalization objects, and must have at least one email "
                  "object with a valid email address.");
    for (std::size_t n = 0; n < to.size(); ++n) {
      const auto who = mailbox_of(to[n]);
      if (!who || kind_of_recipient(who->address) == recipient_kind::invalid)
        return fail(400, at + '.' + std::to_string(n) + ".email", "Does not contain a valid address.");
      if (++recipients > recipients_max)
        return fail(400, "personalizations", "There is a limit of 1000 total recipients (to + cc + bcc) per request.");
      kind = std::max(kind, kind_of_recipient(who->address));
      x.to += (x.to.empty() ? "" : ", ") + to_header(*who);
    }
    if (const auto args = one.value("custom_args", json::object()); args.is_object())
      x.key = text(args, "key");
  }
  const auto from = mailbox_of(body.value("from", json{}));
  if (!from)
    return fail(400, "from.email", "The from email does not contain a valid address.");
  x.from = to_header(*from);
  x.subject = text(body, "subject");
  if (x.subject.empty())
    return fail(400, "subject",
                "The subject is required. You can get around this requirement if you use a template "
                "with a subject defined or if every personalization has a subject defined.");
  const auto content = body.value("content", json{});
  if (!content.is_array() || content.empty())
    return fail(400, "content", "Unless a valid template_id is provided, the content parameter is required.");
  for (std::size_t i = 0; i < content.size(); ++i) {
    const auto type = text(content[i], "type");
    const auto value = text(content[i], "value");
    const auto at = "content." + std::to_string(i);
    if (value.empty())
      return fail(400, at + ".value", "The content value must be a string at least one character in length.");
    if (type == "text/plain" && i > 0)
      return fail(400, "content", "If present, text/plain must be first, followed by text/html.");
    if (type == "text/plain")
      x.text = value;
    else if (type == "text/html")
      x.html = value;
    else
      return fail(400, at + ".type", "The content type is required.");
  }
  if (kind == recipient_kind::blocked)
    return fail(403, "from",
                "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is "
                "resolved.");
  if (kind == recipient_kind::limited && limited_.fails())
    return limited(now + std::chrono::seconds{2});
  if (kind == recipient_kind::unavailable && unavailable_.fails())
    return failure(503);
  x.at = now;
  x.by = "sendgrid";
  payment::wire::append_hex(x.id, random_(), 16);
  x.bounced = kind == recipient_kind::bounce;
  const auto id = x.id;
  letters_.add(std::move(x));
  return {202, {{"X-Message-Id", id}}, {}};
}

} // namespace troupe::email::sendgrid
