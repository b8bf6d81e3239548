// tests/e2e/stranger.hpp: somebody who knocks at a port.
#pragma once

#include "tests/support/certificates.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// Everything that is sent to whoever connects with `port` of this machine in clear and says `what`, until the other
/// side ends the connection, or nothing more comes for half a second.
std::string heard_in_clear(std::uint16_t port, const std::string& what);

/// The same over TLS, with a certificate or without; it believes everybody itself.
std::string heard_over_tls(std::uint16_t port, const std::optional<certificates::pair>& shown = std::nullopt);

/// The TCP ports on which a process listens, on whichever address.
std::vector<std::uint16_t> listening_ports(pid_t process);

} // namespace troupe::test
