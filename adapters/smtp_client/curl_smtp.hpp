// adapters/smtp_client/curl_smtp.hpp: the actor behind smtp::client_actor, on libcurl.
#pragma once

#include "adapters/smtp_client/smtp_client.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <string>

namespace troupe::smtp {

/// Whether the connection is encrypted by STARTTLS. With smtps:// it is encrypted from its first byte.
enum class start_tls : std::uint8_t { required = 1, offered, never };

struct client_options {
  std::string url;  // "smtp://mail.example.com:587", "smtps://mail.example.com"
  std::string user; // empty: no AUTH
  std::string password;
  start_tls encryption = start_tls::required;
  duration connect_timeout{5'000};
  std::string ca_file;                // PEM; empty for the system's
  std::string own_name = "localhost"; // of EHLO
};

/// A detached actor: one mail at a time, in the order in which they are asked for. Whoever asks bounds how many wait.
/// It ends by an exit message once the mail at hand is over, that is within its timeout.
client_actor spawn_curl_smtp(caf::actor_system& system, client_options options);

} // namespace troupe::smtp
