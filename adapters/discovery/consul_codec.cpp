#include "adapters/discovery/consul_codec.hpp"

#include "adapters/http_client/exchange.hpp"
#include "adapters/http_client/failure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace troupe::discovery::consul {

namespace {

using nlohmann::json;

bool is_word(std::string_view x) {
  return !x.empty() && std::all_of(x.begin(), x.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
           || c == '.';
  });
}

std::string name_of(const query& x) {
  return "Consul, service " + x.service + (x.tag.empty() ? "" : " with tag " + x.tag);
}

/// The member `name` of the object `part` of an instance, when it is a text.
std::string text(const json& instance, const char* part, const char* name) {
  const auto object = instance.find(part);
  if (object == instance.end())
    return {};
  const auto member = object->find(name);
  return member != object->end() && member->is_string() ? member->get<std::string>() : std::string{};
}

/// Nothing when the answer is not of its schema.
std::optional<address> address_of(const json& instance) {
  if (!instance.is_object())
    return std::nullopt;
  address result;
  result.host = text(instance, "Service", "Address");
  if (result.host.empty())
    result.host = text(instance, "Node", "Address");
  const auto service = instance.find("Service");
  if (result.host.empty() || service == instance.end())
    return std::nullopt;
  const auto port = service->find("Port");
  constexpr auto port_max = std::numeric_limits<std::uint16_t>::max();
  if (port == service->end() || !port->is_number_unsigned() || port->get<std::uint64_t>() > port_max)
    return std::nullopt;
  result.port = port->get<std::uint16_t>();
  const bool is_address = result.port == 0 || parse_address(to_string(result));
  return is_address ? std::optional{result} : std::nullopt;
}

} // namespace

std::optional<query> parse_name(std::string_view name) {
  query result;
  if (const auto slash = name.find('/'); slash != name.npos) {
    constexpr std::string_view middle = "services/";
    result.tag = name.substr(0, slash);
    name.remove_prefix(slash + 1);
    if (!is_word(result.tag) || !name.starts_with(middle))
      return std::nullopt;
    name.remove_prefix(middle.size());
  }
  if (!is_word(name))
    return std::nullopt;
  result.service = name;
  return result;
}

http::request encode(const query& x, const std::string& token) {
  http::request result{"GET", "/v1/health/service/" + http::percent_encoded(x.service) + "?passing=1", {}, {}};
  if (!x.tag.empty())
    result.target += "&tag=" + http::percent_encoded(x.tag);
  if (!x.datacenter.empty())
    result.target += "&dc=" + http::percent_encoded(x.datacenter);
  result.fields.emplace_back("Accept", "application/json");
  if (!token.empty())
    result.fields.emplace_back("X-Consul-Token", token);
  return result;
}

caf::expected<std::vector<address>> decode(const query& asked, const http::response& answer) {
  const auto failure = [&](ec code, const std::string& why) {
    return caf::make_error(code, name_of(asked) + ": " + why);
  };
  if (answer.status != 200)
    return failure(http::code_of_status(answer.status, http::effect::read),
                   "it answers " + std::to_string(answer.status) + ' ' + answer.body.substr(0, 200));
  const auto instances = json::parse(answer.body, nullptr, false);
  if (!instances.is_array())
    return failure(ec::bad_response, "its answer is no list of instances");
  std::vector<address> result;
  for (const auto& instance : instances) {
    auto x = address_of(instance);
    if (!x)
      return failure(ec::bad_response, "an instance has no address or no port that could be one");
    if (x->port != 0)
      result.push_back(std::move(*x));
  }
  if (instances.empty())
    return failure(ec::unavailable, "there is no such service, or no instance of it is healthy");
  if (result.empty())
    return failure(ec::unavailable, "no instance has a port");
  return in_order(std::move(result));
}

} // namespace troupe::discovery::consul
