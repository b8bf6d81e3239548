#include "adapters/payment/rest/token_source.hpp"

#include <utility>

namespace troupe::payment::rest {

void token_source::get(receiver then) {
  if (options_.oauth.token_url.empty())
    return then(options_.token);
  const auto now = way_.now();
  if (current_.value.empty() || now >= current_.expires_at) {
    waiting_.push_back(std::move(then));
    return fetch();
  }
  if (now >= current_.refresh_at)
    fetch();
  then(current_.value);
}

bool token_source::reject(const std::string& token) {
  if (options_.oauth.token_url.empty())
    return false;
  if (current_.value == token)
    current_ = {};
  return true;
}

void token_source::fetch() {
  if (std::exchange(fetching_, true))
    return;
  self_->request(way_.client, caf::infinite, token_call(options_.oauth, options_.timeout))
    .then([this](const http::response& answer) { arrived(decode_token(answer, way_.now())); },
          [this](const caf::error& e) {
            // Whatever became of the call for a token: the call that needs it was not made.
            const auto code = code_of(e, ec::unavailable);
            arrived(caf::make_error(may_have_acted(code) ? ec::unavailable : code));
          });
}

void token_source::arrived(caf::expected<access_token> x) {
  fetching_ = false;
  if (x)
    current_ = std::move(*x);
  const auto result = x ? caf::expected<std::string>{current_.value} : caf::expected<std::string>{x.error()};
  for (const auto& then : std::exchange(waiting_, {}))
    then(result);
}

} // namespace troupe::payment::rest
