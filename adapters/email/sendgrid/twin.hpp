// adapters/email/sendgrid/twin.hpp: a sandbox of SendGrid, in its wire form. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/email/inbox.hpp"

#include <string>

namespace troupe::email::sendgrid {

struct twin_options {
  std::string api_key;                   // that is accepted; empty accepts any
  std::uint32_t requests_per_minute = 0; // 0: any number
};

/// SendGrid as its callers see it: `POST /v3/mail/send`. It sends a mail as often as it is asked to. Not for two
/// threads at once.
class twin {
public:
  twin(twin_options options, inbox& letters, random_fn random)
    : options_(std::move(options)), letters_(letters), random_(std::move(random)) {}

  /// Acts and answers. `r.target` begins at the provider's base URL.
  http::response handle(const http::request& r, time_point now);

  /// The answer of a provider that will not or cannot serve, in its own form.
  static http::response failure(int status);

private:
  http::response send(const http::request& r, time_point now);
  http::response limited(time_point until) const;

  twin_options options_;
  inbox& letters_;
  random_fn random_;
  every_other limited_;
  every_other unavailable_;
  time_point minute_{}; // in which the requests were counted
  std::uint32_t requests_ = 0;
};

} // namespace troupe::email::sendgrid
