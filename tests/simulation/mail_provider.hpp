// tests/simulation/mail_provider.hpp: mail providers at the far end of a network, as the adapters' HTTP client shows
// them.
#pragma once

#include "tests/simulation/auditor.hpp"
#include "tests/simulation/remote.hpp"

#include <array>
#include <string_view>

namespace troupe::simulation {

/// What the node calls them, and of which kind they are: the one remembers idempotency keys, the other does not.
inline constexpr std::array<std::string_view, 2> mail_providers{"resend", "sendgrid"};

/// An HTTP client behind which is the sandbox twin of this one of mail_providers. `conditions` may change while it
/// lives.
http::client_actor spawn_mail_provider(world& w, auditor& audit, std::string_view kind, const remote_faults& faults,
                                       remote_conditions& conditions);

} // namespace troupe::simulation
