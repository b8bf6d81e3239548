// tests/e2e/balancer.hpp: HAProxy and nginx with the configurations that are shipped.
#pragma once

#include "tests/support/program.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace troupe::test {

/// Where a node takes orders, and where it tells of its health.
struct balanced {
  std::uint16_t commerce = 0;
  std::uint16_t operations = 0;
};

/// One of `deploy/haproxy` and `deploy/nginx` in front of three nodes on the loopback. Only addresses, ports, the
/// certificate and what needs root differ from what is shipped.
class balancer {
public:
  enum class kind { haproxy, nginx };

  static bool is_installed(kind x);

  /// Throws std::runtime_error, with what it printed, when it does not come up, or when the shipped configuration has
  /// not what is to be replaced.
  balancer(kind x, const std::filesystem::path& folder, const std::array<balanced, 3>& nodes);

  const std::string& url() const { return url_; }

private:
  std::unique_ptr<program> running_;
  std::string url_;
};

} // namespace troupe::test
