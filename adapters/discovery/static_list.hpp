// adapters/discovery/static_list.hpp: addresses that the configuration names.
#pragma once

#include "adapters/discovery/finder.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::discovery {

/// Always answers these, at once. Fails with refused, naming it, when one of them is no address, or there is none.
caf::expected<std::unique_ptr<finder>> make_static_list(const std::vector<std::string>& addresses);

} // namespace troupe::discovery
