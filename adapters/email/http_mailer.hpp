// adapters/email/http_mailer.hpp: the actor of every mail provider that is called over HTTP with a bearer key.
#pragma once

#include "adapters/email/message.hpp"
#include "adapters/http_client/exchange.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>

namespace troupe::email {

/// What providers differ in.
struct codec {
  http::request (*encode)(const message&);
  caf::expected<notification::accepted> (*decode)(const http::response&, time_point now);
};

/// Makes one try per command.
notification::mailer_actor spawn_http_mailer(caf::actor_system& system, codec form, http::way_out way,
                                             const std::string& api_key, std::shared_ptr<const renderer> templates);

} // namespace troupe::email
