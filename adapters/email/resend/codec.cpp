#include "adapters/email/resend/codec.hpp"

#include "adapters/http_client/failure.hpp"

#include <nlohmann/json.hpp>

namespace troupe::email::resend {

namespace {

using nlohmann::json;
using notification::mail_refusal;

std::string text(const json& object, const char* name) {
  if (!object.is_object())
    return {};
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

/// Resend has one name for whatever is wrong with a mail; its message names the field in backticks.
bool is_about(const std::string& message, const char* field) {
  return message.find(std::string{'`'} + field + '`') != message.npos;
}

} // namespace

http::request encode(const message& x) {
  const json body{{"from", to_header(x.from)},
                  {"to", json::array({to_header(x.to)})},
                  {"subject", x.subject},
                  {"text", x.text},
                  {"html", x.html},
                  {"tags", json::array({{{"name", "category"}, {"value", name_of(x.kind)}}})}};
  return {"POST",
          "/emails",
          {{"Idempotency-Key", x.key}, {"Content-Type", "application/json"}},
          body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

caf::expected<notification::accepted> decode(const http::response& answer, time_point now) {
  const auto body = json::parse(answer.body, nullptr, false);
  if (answer.status == 200) {
    auto id = text(body, "id");
    if (id.empty())
      return caf::make_error(ec::bad_response);
    return notification::accepted{std::move(id)};
  }
  const auto name = text(body, "name");
  const auto why = text(body, "message");
  if (name == "invalid_idempotent_request")
    return caf::make_error(mail_refusal::already_accepted);
  if (name == "concurrent_idempotent_requests")
    return http::failure(ec::interrupted, answer.fields, now); // the earlier try is still under way
  if (answer.status == 422 && is_about(why, "to"))
    return caf::make_error(mail_refusal::invalid_address);
  // 403 is also what a wrong key gets; a domain that is not verified goes by the name of validation errors.
  if ((answer.status == 403 && name == "validation_error") || name == "invalid_from_address")
    return caf::make_error(mail_refusal::blocked_domain);
  return http::failure(http::code_of_status(answer.status, http::effect::write), answer.fields, now);
}

} // namespace troupe::email::resend
