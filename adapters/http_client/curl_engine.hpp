// adapters/http_client/curl_engine.hpp: calls on libcurl's multi interface, all on one thread of its own.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/http.hpp"
#include "actors/kernel/time.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace troupe::http {

struct client_options {
  std::size_t calls_in_flight_max = 128; // per base URL, and so its connections where HTTP/2 is not offered
  std::size_t calls_waiting_max = 1024;  // per base URL; one more is overloaded
  duration connect_timeout{5'000};       // name lookup, TCP and TLS together
  duration connection_idle_max{60'000};  // an older idle connection is not used again
  std::string proxy{};                   // "http://proxy:3128"; empty for none. The environment is not consulted
  std::string ca_file{};                 // PEM; empty for the system's
  std::string user_agent = "troupe/" TROUPE_VERSION;
};

struct engine_call {
  std::string base_url;
  request message;
  duration timeout{30'000}; // from submission
  std::size_t body_bytes_max = 1 << 20;
};

struct engine_failure {
  ec code = ec::unavailable;
  std::string text; // for people
};

using engine_result = std::variant<response, engine_failure>;

/// Calls run in the order of submission per base URL, as many at once as the options allow.
///
/// A call is sent at most once, with one exception that a server cannot tell from none: when a kept connection turns
/// out to be dead, a call that is safe to repeat (GET, HEAD, PUT, DELETE, OPTIONS, or any with an Idempotency-Key) goes
/// out again on a new one. Redirects are answers. Certificates are always verified.
///
/// Fails with unavailable (surely nothing was sent), timed_out, interrupted, bad_response (may have been received),
/// overloaded (it waited behind too many others), deadline (no time left at submission), refused (not a valid HTTP
/// message or URL) or shutting_down (nothing was sent).
class curl_engine {
public:
  /// Called once per call, on the engine's thread: must neither block nor throw.
  using done = std::function<void(engine_result)>;

  /// Throws std::runtime_error when libcurl or the kernel refuse what it needs.
  explicit curl_engine(client_options options);

  /// Answers whatever has not ended with shutting_down or interrupted, and ends the thread.
  ~curl_engine();

  curl_engine(const curl_engine&) = delete;
  curl_engine& operator=(const curl_engine&) = delete;

  /// From any thread; never blocks.
  void submit(engine_call call, done on_done);

private:
  class loop;

  std::shared_ptr<loop> loop_;
};

} // namespace troupe::http
