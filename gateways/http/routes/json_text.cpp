#include "gateways/http/routes/json_text.hpp"

#include <nlohmann/json.hpp>

namespace troupe::gateway {

std::string json_object(std::initializer_list<std::pair<std::string_view, std::string>> members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1)
      out += ',';
    out.append("\"").append(name).append("\":").append(value);
  }
  return out + '}';
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_decimal(const std::optional<money>& x) {
  return x ? to_decimal(*x) : "null";
}

} // namespace troupe::gateway
