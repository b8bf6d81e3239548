// gateways/http/routes/everywhere.hpp: answers that are put together from all nodes of a cluster.
#pragma once

#include "actors/cluster/survey.hpp"
#include "gateways/http/routes/answer.hpp"

namespace troupe::gateway {

/// The node that the caller wants to hear of alone; empty for all.
std::string wanted_node(const incoming& in);

/// Names the nodes that are missing in an answer, if there are any: it is a part then, and says so.
void add_missing(nlohmann::ordered_json& body, const std::vector<cluster::missing>& nodes);

/// Why nothing was seen.
http::response why_not_seen(const caf::error& why);

documented_parameter node_parameter(std::string description);
nlohmann::json node_schema();
nlohmann::json missing_schema();

} // namespace troupe::gateway
