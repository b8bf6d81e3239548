#include "adapters/email/sendgrid/codec.hpp"

#include "adapters/http_client/failure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace troupe::email::sendgrid {

namespace {

using nlohmann::json;
using notification::mail_refusal;

json mailbox_of(const notification::mailbox& x) {
  json out{{"email", x.address}};
  if (!x.name.empty())
    out["name"] = x.name;
  return out;
}

/// Whether one of the errors is about a field that begins so.
bool is_about(const json& body, std::string_view field) {
  const auto errors = body.is_object() ? body.find("errors") : body.end();
  if (!body.is_object() || errors == body.end() || !errors->is_array())
    return false;
  return std::any_of(errors->begin(), errors->end(), [field](const json& x) {
    const auto at = x.is_object() ? x.find("field") : x.end();
    return x.is_object() && at != x.end() && at->is_string() && at->get_ref<const std::string&>().starts_with(field);
  });
}

/// X-RateLimit-Reset: when requests are allowed again, in seconds since 1970.
std::optional<duration> wait_until_reset(const http::headers& fields, time_point now) {
  const auto value = http::find(fields, "X-RateLimit-Reset");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  constexpr std::int64_t furthest = 253'402'300'800;
  if (value.empty() || error != std::errc{} || end != value.data() + value.size() || seconds < 0 || seconds > furthest)
    return std::nullopt;
  return std::clamp<duration>(time_point{std::chrono::seconds{seconds}} - now, duration{0}, std::chrono::hours{24});
}

} // namespace

http::request encode(const message& x) {
  const json body{
    {"personalizations", json::array({{{"to", json::array({mailbox_of(x.to)})}, {"custom_args", {{"key", x.key}}}}})},
    {"from", mailbox_of(x.from)},
    {"subject", x.subject},
    {"content", json::array({{{"type", "text/plain"}, {"value", x.text}}, {{"type", "text/html"}, {"value", x.html}}})},
    {"categories", json::array({name_of(x.kind)})}};
  return {"POST",
          "/v3/mail/send",
          {{"Content-Type", "application/json"}},
          body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

caf::expected<notification::accepted> decode(const http::response& answer, time_point now) {
  if (answer.status == 202)
    return notification::accepted{std::string{http::find(answer.fields, "X-Message-Id")}};
  const auto body = json::parse(answer.body, nullptr, false);
  if (answer.status == 400 && is_about(body, "personalizations.0.to"))
    return caf::make_error(mail_refusal::invalid_address);
  if (answer.status == 403 && is_about(body, "from"))
    return caf::make_error(mail_refusal::blocked_domain);
  const auto code = http::code_of_status(answer.status, http::effect::write);
  if (code == ec::rate_limited && http::find(answer.fields, "Retry-After").empty())
    if (const auto wait = wait_until_reset(answer.fields, now))
      return caf::make_error(code, static_cast<std::int64_t>(wait->count()));
  // 200 is SendGrid's answer to a mail that it checked and did not send.
  return http::failure(answer.status == 200 ? ec::refused : code, answer.fields, now);
}

} // namespace troupe::email::sendgrid
