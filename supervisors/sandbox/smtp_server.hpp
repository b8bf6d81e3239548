// supervisors/sandbox/smtp_server.hpp: the sandbox's SMTP sink on a socket.
#pragma once

#include "adapters/email/smtp/sink.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::sandbox {

struct smtp_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7779; // 0: the system chooses
  std::size_t connections_max = 64;
  duration idle_max{60'000}; // without a command; then the connection is closed
  email::smtp::sink_limits limits{};
  // Called on the context's thread.
  email::smtp::sink_session::take_fn take;
  email::smtp::sink_session::fails_fn fails;
};

/// Listens until it ends. A connection too many hears 421 and is closed.
class smtp_server {
public:
  /// Throws boost::system::system_error when it cannot listen. `on` must be run by one thread as long as this lives.
  smtp_server(smtp_options how, boost::asio::io_context& on);
  ~smtp_server();

  smtp_server(const smtp_server&) = delete;
  smtp_server& operator=(const smtp_server&) = delete;

  std::uint16_t port() const;

private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

} // namespace troupe::sandbox
