#include "adapters/payment/rest/token.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/failure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::payment::rest {

namespace {

constexpr duration lifetime_if_unsaid = std::chrono::minutes{5};
constexpr duration lifetime_max = std::chrono::hours{24 * 30};

} // namespace

http::call token_call(const oauth_options& x, duration timeout) {
  const auto scheme = x.token_url.find("://");
  const auto path = scheme == std::string::npos ? std::string::npos : x.token_url.find('/', scheme + 3);
  http::call result;
  result.base_url = x.token_url.substr(0, path);
  result.timeout = timeout;
  result.message.method = "POST";
  result.message.target = path == std::string::npos ? "/" : x.token_url.substr(path);
  result.message.fields = {{"Authorization", basic_credentials(x.client_id, x.client_secret)},
                           {"Content-Type", "application/x-www-form-urlencoded"},
                           {"Accept", "application/json"}};
  result.message.body = "grant_type=client_credentials";
  if (!x.scope.empty())
    result.message.body += "&scope=" + percent_encoded(x.scope);
  return result;
}

caf::expected<access_token> decode_token(const http::response& answer, time_point now) {
  // The error answer of RFC 6749 for bad credentials is a 400.
  if (answer.status >= 400 && answer.status < 500 && answer.status != 408 && answer.status != 429)
    return caf::make_error(ec::denied);
  if (answer.status != 200)
    return failure(answer.status == 429 ? ec::rate_limited : ec::unavailable, answer.fields, now);
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object())
    return caf::make_error(ec::unavailable);
  const auto value = body.find("access_token");
  if (value == body.end() || !value->is_string() || value->get_ref<const std::string&>().empty())
    return caf::make_error(ec::unavailable);
  auto lifetime = lifetime_if_unsaid;
  if (const auto seconds = body.find("expires_in"); seconds != body.end() && seconds->is_number_integer())
    lifetime = std::chrono::seconds{std::clamp<std::int64_t>(
      seconds->get<std::int64_t>(), 0, std::chrono::duration_cast<std::chrono::seconds>(lifetime_max).count())};
  const auto margin = std::min<duration>(lifetime / 10, std::chrono::minutes{1});
  return access_token{value->get<std::string>(), now + lifetime - 2 * margin, now + lifetime - margin};
}

} // namespace troupe::payment::rest
