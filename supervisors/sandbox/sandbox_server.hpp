// supervisors/sandbox/sandbox_server.hpp: the sandbox on an HTTP server, with its log and its webhooks.
#pragma once

#include "gateways/http/server.hpp"
#include "supervisors/sandbox/sandbox.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::http {
class curl_engine;
}

namespace troupe::sandbox {

class smtp_server;

struct server_options {
  options sandbox;
  std::string address = "127.0.0.1"; // of an interface of this machine
  std::uint16_t port = 7778;         // 0: the system chooses
  std::uint16_t smtp_port = 7779;    // of the SMTP sink, on the same address; 0: the system chooses
  std::string log_path;              // "$TROUPE_STATE/sandbox.log"; empty: in memory alone
  std::string webhook_url;           // where events of Stripe go; empty sends none
  clock_fn now;                      // called on every io thread
  random_fn random;                  // called by one thread at a time
};

/// A running sandbox. With this base URL, Stripe is at `http://127.0.0.1:7778/stripe`, the REST provider at
/// `http://127.0.0.1:7778/rest`, Resend and SendGrid at `/resend` and `/sendgrid`; the SMTP sink has a port of its own.
/// Mails are kept in memory alone. A webhook that is not answered with 2xx is sent up to `webhook_attempts_max` times,
/// with growing pauses; one on its way when the sandbox ends is lost.
class sandbox_server {
public:
  static constexpr int webhook_attempts_max = 6;

  /// Replays the log, then listens. Throws std::runtime_error, which says what to do, when the log is not usable, and
  /// boost::system::system_error when it cannot listen. Each context must be run by one thread as long as this lives.
  sandbox_server(server_options with, const gateway::server::contexts& on);
  ~sandbox_server();

  sandbox_server(const sandbox_server&) = delete;
  sandbox_server& operator=(const sandbox_server&) = delete;

  std::uint16_t port() const;
  std::uint16_t smtp_port() const;

  /// As gateway::server::stop.
  bool stop();

private:
  struct shared;

  std::shared_ptr<shared> shared_;
  std::unique_ptr<http::curl_engine> client_; // ends before what its callbacks use
  std::unique_ptr<gateway::server> server_;
  std::unique_ptr<smtp_server> sink_;
};

} // namespace troupe::sandbox
