// adapters/email/registry.hpp: every kind of mail provider, by its name in the configuration.
#pragma once

#include "actors/notification/mailer.hpp"
#include "adapters/email/paced.hpp"
#include "adapters/email/renderer.hpp"
#include "adapters/http_client/exchange.hpp"
#include "adapters/smtp_client/smtp_client.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::email {

/// One provider, as it is configured. Which fields count depends on the kind.
struct provider_options {
  std::string name;                   // what mails call it
  std::string kind;                   // one of provider_kinds()
  std::string base_url;               // sendgrid, resend: the real one when empty
  std::string api_key;                // sendgrid, resend
  std::string url;                    // smtp: "smtp://mail.example.com:587"
  std::string user;                   // smtp: empty for no AUTH
  std::string password;               // smtp
  std::string start_tls = "required"; // smtp: required, offered or never
  duration timeout{10'000};           // of one try
  pace_options pace;
};

std::vector<std::string_view> provider_kinds();

/// What is wrong with the options, for people, field first; empty when nothing is.
std::string problem_with(const provider_options& x);

/// What an adapter may need from the program.
struct surroundings {
  caf::actor_system& system;
  http::client_actor client;
  clock_fn now;
  random_fn random;
  std::shared_ptr<const renderer> templates;
  std::string ca_file{}; // for smtp; PEM, the system's when empty
  /// In the place of libcurl, for tests; none: libcurl.
  std::function<troupe::smtp::client_actor(const provider_options&)> make_smtp_client{};
};

/// A paced mailer. What it stands on ends with it. Throws std::logic_error when problem_with(x) has something to say.
notification::mailer_actor spawn_mailer(const surroundings& s, const provider_options& x);

} // namespace troupe::email
