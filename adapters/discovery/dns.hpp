// adapters/discovery/dns.hpp: addresses from the domain name system.
#pragma once

#include "adapters/discovery/finder.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::discovery {

struct dns_options {
  std::string name;        // the system's search domains apply; with a dot at its end they do not
  std::string server{};    // "10.0.0.2:53"; empty for the system's, read anew for each question
  duration timeout{3'000}; // for the whole of an answer; the question is asked again after two fifths of it
};

/// IP addresses of the name's A and AAAA records, with that port. Hosts files are not looked at.
std::unique_ptr<finder> make_dns_addresses(dns_options options, std::uint16_t port);

/// Hosts and ports of the name's SRV records, of every priority. Hosts are names; whoever connects looks them up.
std::unique_ptr<finder> make_dns_services(dns_options options);

} // namespace troupe::discovery
