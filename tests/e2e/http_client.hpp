// tests/e2e/http_client.hpp: the HTTP client of a shop: one call at a time, on one connection.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::test {

struct http_answer {
  int status = 0;                                          // 0: none came, `failure` says why
  std::vector<std::pair<std::string, std::string>> fields; // names in lower case
  std::string body;
  std::string failure;

  /// The first field of that name (in lower case), or nothing.
  std::string field(std::string_view name) const;

  /// The body; discarded when it is no JSON.
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

/// Not for two threads at once. Calls end within `timeout`.
class http_client {
public:
  using fields = std::vector<std::pair<std::string, std::string>>;

  explicit http_client(std::string base_url, std::chrono::milliseconds timeout = std::chrono::seconds{40});
  ~http_client();
  http_client(http_client&& other) noexcept;
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// A body that is not empty is sent as JSON, unless `with` says otherwise.
  http_answer call(std::string_view method, std::string_view target, std::string_view body = {},
                   const fields& with = {});

  http_answer get(std::string_view target, const fields& with = {}) { return call("GET", target, {}, with); }
  http_answer post(std::string_view target, const nlohmann::json& body, const fields& with = {}) {
    return call("POST", target, body.dump(), with);
  }

  const std::string& base_url() const { return base_url_; }

private:
  std::string base_url_;
  std::chrono::milliseconds timeout_;
  void* handle_;
};

} // namespace troupe::test
