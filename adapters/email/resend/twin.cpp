#include "adapters/email/resend/twin.hpp"

#include "actors/kernel/hash.hpp"
#include "adapters/email/message.hpp"
#include "adapters/payment/wire_text.hpp"

#include <nlohmann/json.hpp>

namespace troupe::email::resend {

namespace {

using nlohmann::json;

constexpr std::size_t body_bytes_max = 40 << 20;
constexpr std::size_t key_bytes_max = 256;
constexpr std::size_t recipients_max = 50;

http::response fail(int status, std::string_view name, const std::string& message) {
  const json body{{"statusCode", status}, {"name", name}, {"message", message}};
  return {status, {{"Content-Type", "application/json"}}, body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

http::response missing(const char* field) {
  return fail(422, "missing_required_field", std::string{"Missing `"} + field + "` field.");
}

http::response bad_address(const char* field) {
  return fail(422, "validation_error",
              std::string{"Invalid `"} + field
                + "` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` "
                  "format.");
}

http::response limited(int wait_s) {
  auto x = fail(429, "rate_limit_exceeded", "Too many requests. You can only make 2 requests per second.");
  x.fields.emplace_back("ratelimit-limit", "2");
  x.fields.emplace_back("ratelimit-remaining", "0");
  x.fields.emplace_back("ratelimit-reset", std::to_string(wait_s));
  x.fields.emplace_back("retry-after", std::to_string(wait_s));
  return x;
}

std::string text(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

/// As a UUID of version 4.
std::string make_id(const random_fn& random) {
  std::string hex;
  payment::wire::append_hex(hex, random(), 16);
  payment::wire::append_hex(hex, random(), 16);
  hex[12] = '4';
  hex[16] = 'a';
  return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-'
         + hex.substr(20);
}

} // namespace

http::response twin::failure(int status) {
  if (status == 429)
    return limited(1);
  return fail(status, status == 500 ? "internal_server_error" : "application_error", "An unexpected error occurred.");
}

http::response twin::handle(const http::request& r, time_point now) {
  const auto path = payment::wire::split_target(r.target).first;
  if (path != "/emails")
    return fail(404, "not_found", "The requested endpoint does not exist.");
  if (r.method != "POST")
    return fail(405, "method_not_allowed", "Method is not allowed for the requested path.");
  const auto key = payment::wire::parse_bearer(http::find(r.fields, "Authorization"));
  if (key.empty())
    return fail(401, "missing_api_key", "Missing API key in the authorization header.");
  if (!options_.api_key.empty() && key != options_.api_key)
    return fail(403, "invalid_api_key", "API key is invalid.");
  if (const auto second = std::chrono::floor<std::chrono::seconds>(now); second != second_) {
    second_ = second;
    requests_ = 0;
  }
  if (options_.requests_per_second > 0 && ++requests_ > options_.requests_per_second)
    return limited(1);
  return send(r, now);
}

void twin::forget(time_point now) {
  while (!ages_.empty() && (now - ages_.front().first >= options_.key_lifetime || ages_.size() >= keys_max)) {
    keys_.erase(ages_.front().second);
    ages_.pop_front();
  }
}

http::response twin::send(const http::request& r, time_point now) {
  if (r.body.size() > body_bytes_max)
    return fail(413, "validation_error", "The message is larger than 40 MB.");
  const std::string key{http::find(r.fields, "Idempotency-Key")};
  if (key.size() > key_bytes_max)
    return fail(400, "invalid_idempotency_key", "The key must be between 1-256 chars.");
  forget(now);
  if (const auto known = key.empty() ? keys_.end() : keys_.find(key); known != keys_.end()) {
    if (known->second.body_hash != fnv1a(r.body))
      return fail(409, "invalid_idempotent_request",
                  "This idempotency key has already been used with a different payload.");
    return {200, {{"Content-Type", "application/json"}}, json{{"id", known->second.id}}.dump()};
  }
  const auto body = json::parse(r.body, nullptr, false);
  if (!body.is_object())
    return fail(400, "validation_error", "We found an error with one or more fields in the request: it is no JSON.");
  letter x;
  x.from = text(body, "from");
  if (x.from.empty())
    return missing("from");
  if (!parse_mailbox(x.from))
    return bad_address("from");
  auto to = body.value("to", json{});
  if (to.is_string())
    to = json::array({to});
  if (!to.is_array() || to.empty())
    return missing("to");
  if (to.size() > recipients_max)
    return fail(422, "validation_error", "The `to` field has more than 50 recipients.");
  auto kind = recipient_kind::plain;
  for (const auto& one : to) {
    const auto who = one.is_string() ? parse_mailbox(one.get<std::string>()) : std::nullopt;
    if (!who || kind_of_recipient(who->address) == recipient_kind::invalid)
      return bad_address("to");
    kind = std::max(kind, kind_of_recipient(who->address));
    x.to += (x.to.empty() ? "" : ", ") + one.get<std::string>();
  }
  x.subject = text(body, "subject");
  if (x.subject.empty())
    return missing("subject");
  x.text = text(body, "text");
  x.html = text(body, "html");
  if (x.text.empty() && x.html.empty())
    return fail(422, "missing_required_field", "Missing `html` or `text` field.");
  if (kind == recipient_kind::blocked)
    return fail(403, "validation_error",
                "The domain is not verified. Please, add and verify your domain on https://resend.com/domains");
  if (kind == recipient_kind::limited && limited_.fails())
    return limited(2);
  if (kind == recipient_kind::unavailable && unavailable_.fails())
    return failure(503);
  x.at = now;
  x.by = "resend";
  x.id = make_id(random_);
  x.key = key;
  x.bounced = kind == recipient_kind::bounce;
  const auto id = x.id;
  if (!key.empty()) {
    keys_[key] = {fnv1a(r.body), id};
    ages_.emplace_back(now, key);
  }
  letters_.add(std::move(x));
  return {200, {{"Content-Type", "application/json"}}, json{{"id", id}}.dump()};
}

} // namespace troupe::email::resend
