#include "gateways/http/route.hpp"

namespace troupe::gateway {

http::response problem(int status, std::string type, std::string title, std::string detail,
                       std::vector<field_error> errors) {
  // Written by people's order of interest, which a map would lose.
  nlohmann::ordered_json body;
  body["type"] = std::move(type);
  body["title"] = std::move(title);
  body["status"] = status;
  if (!detail.empty())
    body["detail"] = std::move(detail);
  if (!errors.empty()) {
    auto& list = body["errors"];
    for (auto& e : errors)
      list.push_back({{"pointer", std::move(e.pointer)}, {"detail", std::move(e.detail)}});
  }
  // What a client sent may come back in a detail, cut anywhere.
  return {status,
          {{"Content-Type", "application/problem+json"}},
          body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

http::response failure(const caf::error& reason) {
  const auto later = [](http::response x) {
    x.fields.emplace_back("Retry-After", "1");
    return x;
  };
  if (reason.category() == caf::type_id_v<ec>) {
    switch (const auto code = static_cast<ec>(reason.code())) {
      case ec::deadline:
      case ec::timed_out:
        return problem(504, "/problems/deadline", "No answer in time",
                       "The work may go on: ask for its state before repeating it.");
      case ec::commit_unknown:
      case ec::interrupted:
      case ec::conflict:
      case ec::bad_response:
        return later(problem(503, "/problems/unknown-outcome", "It may or may not have been done",
                             "Repeat with the same Idempotency-Key."));
      case ec::rate_limited:
      case ec::overloaded:
        return later(problem(503, "/problems/overloaded", "Too much to do", "Try again after a while."));
      default:
        if (is_transient(code))
          return later(problem(503, "/problems/unavailable", "Not available now", "Try again after a while."));
        return problem(500, "/problems/internal", "Internal error", std::string{name_of(code)});
    }
  }
  if (reason == caf::sec::request_timeout)
    return problem(504, "/problems/deadline", "No answer in time",
                   "The work may go on: ask for its state before repeating it.");
  if (reason == caf::sec::request_receiver_down || reason == caf::sec::broken_promise)
    return later(problem(503, "/problems/unavailable", "Not available now", "Try again after a while."));
  return problem(500, "/problems/internal", "Internal error", "");
}

http::response json_response(int status, const nlohmann::json& body, http::headers fields) {
  fields.emplace(fields.begin(), "Content-Type", "application/json");
  return {status, std::move(fields), body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

} // namespace troupe::gateway
