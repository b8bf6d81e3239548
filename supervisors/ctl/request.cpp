#include "supervisors/ctl/request.hpp"

#include "adapters/http_client/curl_engine.hpp"
#include "adapters/payment/exchange.hpp"
#include "supervisors/ctl/table.hpp"

#include <algorithm>
#include <future>
#include <iostream>

namespace troupe::ctl {

using nlohmann::json;

namespace {

http::engine_result fetch(const target& where, const std::string& base, http::request message) {
  if (!where.operator_key.empty() && base != where.sandbox_url) // The sandbox stands for somebody else.
    message.fields.emplace_back("Authorization", "Bearer " + where.operator_key);
  if (!message.body.empty())
    message.fields.emplace_back("Content-Type", "application/json");
  http::curl_engine engine{{}};
  std::promise<http::engine_result> promise;
  auto result = promise.get_future();
  engine.submit({base, std::move(message)}, [&](http::engine_result x) { promise.set_value(std::move(x)); });
  return result.get();
}

} // namespace

reply call(const target& where, const std::string& base, const std::string& method, const std::string& path,
           const json& body, const std::vector<int>& fine) {
  auto result = fetch(where, base, {method, path, {}, body.is_null() ? std::string{} : body.dump()});
  if (const auto* failure = std::get_if<http::engine_failure>(&result)) {
    std::cerr << "troupe ctl: nobody answers at " << base << " (" << failure->text
              << "). Is `troupe serve` running? Name another address with --url.\n";
    return {unreachable, {}, {}, 0};
  }
  auto& response = std::get<http::response>(result);
  auto parsed = json::parse(response.body, nullptr, false);
  const bool good = response.status < 400 || std::find(fine.begin(), fine.end(), response.status) != fine.end();
  if (good && response.status == 204)
    return {answered, {}, {}, response.status};
  if (!good || parsed.is_discarded()) {
    const auto title = parsed.is_object() ? parsed.value("title", std::string{"refused"}) : "no JSON";
    const auto detail = parsed.is_object() ? parsed.value("detail", std::string{}) : std::string{};
    std::cerr << "troupe ctl: " << printable(title) << " (" << response.status << ")"
              << (detail.empty() ? "" : ": " + printable(detail)) << '\n';
    if (response.status == 401 || response.status == 403)
      std::cerr << "  Name the operator key's file with --key-file; `troupe serve` prints its path at the start.\n";
    return {refused, {}, {}, response.status};
  }
  return {answered, std::move(parsed), std::move(response.body), response.status};
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null())
    return "-";
  return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

std::vector<std::string> with_node(const json& x, std::vector<std::string> cells) {
  if (x.contains("node"))
    cells.insert(cells.begin(), text_of(x, "node"));
  return cells;
}

std::vector<std::string> with_node_title(const json& all, std::vector<std::string> head) {
  if (!all.empty() && all.front().contains("node"))
    head.insert(head.begin(), "NODE");
  return head;
}

void print_missing(const json& body) {
  for (const auto& x : body.value("missing", json::array()))
    std::cout << "Nothing of " << text_of(x, "node") << ": " << text_of(x, "reason") << ".\n";
}

void print_as_it_came(const reply& got) {
  std::cout << got.text << (got.text.ends_with('\n') ? "" : "\n");
}

std::string path_of_order(const std::string& id) {
  return "/api/v2/orders/" + payment::percent_encoded(id);
}

} // namespace troupe::ctl
