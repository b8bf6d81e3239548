#include "gateways/http/routes/everywhere.hpp"

#include <utility>

namespace troupe::gateway {

using nlohmann::json;
using nlohmann::ordered_json;

std::string wanted_node(const incoming& in) {
  return in.query("node").value_or(std::string{});
}

void add_missing(ordered_json& body, const std::vector<cluster::missing>& nodes) {
  if (nodes.empty())
    return;
  auto& list = body["missing"] = ordered_json::array();
  for (const auto& x : nodes)
    list.push_back({{"node", x.node}, {"reason", x.why}});
}

http::response why_not_seen(const caf::error& why) {
  if (code_of(why, ec::bad_response) != ec::refused || !why.context().match_elements<std::string>())
    return refusal(why);
  return refusal({404, "unknown-node", "There is no such node", why.context().get_as<std::string>(0) + ".", ""});
}

documented_parameter node_parameter(std::string description) {
  return {"node", "query", std::move(description), json{{"type", "string"}}};
}

json node_schema() {
  return described({{"type", "string"}}, "The node that this is of; left out by one that is alone");
}

json missing_schema() {
  return {
    {"type", "array"},
    {"description", "Nodes of which nothing is told here, so that this is a part; left out when there are none"},
    {"items", object_schema({{"node", {{"type", "string"}}}, {"reason", {{"type", "string"}}}}, {"node", "reason"})}};
}

} // namespace troupe::gateway
