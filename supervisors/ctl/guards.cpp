// The guards in front of other services, on the operators' terminal.
#include "supervisors/ctl/request.hpp"
#include "supervisors/ctl/table.hpp"

#include "adapters/payment/exchange.hpp"
#include "supervisors/resilience/policy.hpp"

#include <iostream>

namespace troupe::ctl {

namespace {

using nlohmann::json;

std::string path_of(const std::string& guard) {
  return "/api/guards/" + payment::percent_encoded(guard);
}

/// Of one in the list of guards, which may be another node's.
std::string path_of_listed(const json& guard) {
  const auto node = guard.value("node", std::string{});
  return path_of(guard.value("name", std::string{})) + (node.empty() ? "" : "?node=" + payment::percent_encoded(node));
}

style style_of_breaker(const std::string& state) {
  if (state == "closed")
    return style::good;
  return state == "half_open" ? style::waiting : style::bad;
}

std::string left_of(const json& guard, const char* name) {
  const auto found = guard.find(name);
  if (found == guard.end())
    return "no limit";
  return text_of(*found, "left") + " of " + text_of(*found, "limit") + " in "
         + resilience::span_text(duration{found->value("perMilliseconds", std::int64_t{0})});
}

std::string budget_of(const json& guard) {
  const auto budget = guard.value("retryBudget", json::object());
  return text_of(budget, "left") + " retries (" + text_of(budget, "calls") + " calls in 10 s)";
}

std::string breaker_of(const json& guard) {
  const auto breaker = guard.value("breaker", json::object());
  std::string text = text_of(breaker, "state");
  if (breaker.value("mode", std::string{"auto"}) != "auto")
    text += " (by an operator)";
  if (const auto wait = breaker.find("waitMilliseconds"); wait != breaker.end())
    text += ", " + resilience::span_text(duration{wait->get<std::int64_t>()});
  return text;
}

void print_guards(const target& where, const json& all) {
  table rows{with_node_title(all, {"GUARD", "POLICY", "BREAKER", "UNDER WAY", "IN LINE", "BUDGET", "RATE LEFT", "CALLS",
                                   "REFUSED", "RETRIED", "FAILED"})};
  for (const auto& x : all) {
    const auto counts = x.value("counts", json::object());
    rows.add(with_node(x, {text_of(x, "name"), text_of(x, "policy"), breaker_of(x), text_of(x, "underWay"),
                           text_of(x, "inLine"), text_of(x.value("retryBudget", json::object()), "left"),
                           left_of(x, "rate"), text_of(counts, "calls"), text_of(counts, "refused"),
                           text_of(counts, "retried"), text_of(counts, "failed")}));
  }
  rows.print(std::cout, where.color);
}

void print_state(const target& where, const json& guard) {
  const auto breaker = guard.value("breaker", json::object());
  const auto state = text_of(breaker, "state");
  std::cout << paint("guard " + text_of(guard, "name"), style::strong, where.color) << "  "
            << (guard.contains("node") ? "at " + text_of(guard, "node") + "  " : "")
            << paint(breaker_of(guard), style_of_breaker(state), where.color) << '\n';
  if (breaker.contains("reason"))
    std::cout << "why        " << text_of(breaker, "reason") << '\n';
  std::cout << "policy     " << text_of(guard, "policy") << "  (" << text_of(guard, "source") << ")\n"
            << "budget     " << budget_of(guard) << '\n'
            << "rate       " << left_of(guard, "rate") << '\n';
  if (guard.contains("bulkRate"))
    std::cout << "bulk rate  " << left_of(guard, "bulkRate") << '\n';
  std::cout << "calls      " << text_of(guard, "underWay") << " under way, " << text_of(guard, "inLine")
            << " in line\n";
}

/// The decisions about one caller, or about everybody.
std::size_t print_decisions(const target& where, const json& guard, const std::string& caller) {
  table rows{{"TIME", "DECISION", "OPERATION", "CALLER", "REASON"}};
  std::size_t count = 0;
  for (const auto& x : guard.value("recent", json::array())) {
    if (!caller.empty() && x.value("caller", std::string{}) != caller)
      continue;
    rows.add(
      {text_of(x, "at"), text_of(x, "decision"), text_of(x, "operation"), text_of(x, "caller"), text_of(x, "reason")});
    ++count;
  }
  if (count > 0)
    rows.print(std::cout, where.color);
  return count;
}

void print_actions(const target& where, const json& guard) {
  const auto actions = guard.find("actions");
  if (actions == guard.end()) {
    std::cout << "What operators did cannot be read now.\n";
    return;
  }
  if (actions->empty()) {
    std::cout << "No operator has done anything to it.\n";
    return;
  }
  table rows{{"TIME", "ACTION", "DETAIL", "BY", "REASON"}};
  for (const auto& x : *actions)
    rows.add({text_of(x, "at"), text_of(x, "action"), text_of(x, "detail"), text_of(x, "by"), text_of(x, "reason")});
  rows.print(std::cout, where.color);
}

int print_guard(const target& where, const reply& got) {
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  print_state(where, got.body);
  std::cout << '\n';
  table rules{{"RULE", "VALUE"}};
  const auto all = got.body.value("rules", json::object());
  for (const auto& [key, value] : all.items())
    rules.add({printable(key), printable(value.is_string() ? value.get<std::string>() : value.dump())});
  rules.print(std::cout, where.color);
  std::cout << '\n';
  print_actions(where, got.body);
  std::cout << '\n';
  if (print_decisions(where, got.body, {}) == 0)
    std::cout << "Every call has passed.\n";
  return answered;
}

} // namespace

int show_guards(const target& where) {
  const auto got = call(where, where.operations_url, "GET", "/api/guards");
  if (got.exit != answered)
    return got.exit;
  if (where.json)
    print_as_it_came(got);
  else
    print_guards(where, got.body.value("guards", json::array()));
  if (!where.json)
    print_missing(got.body);
  return answered;
}

int explain_guard(const target& where, const std::string& name) {
  return print_guard(where, call(where, where.operations_url, "GET", path_of(name)));
}

int explain_order(const target& where, const std::string& id) {
  const auto order = call(where, where.commerce_url, "GET", path_of_order(id));
  if (order.exit != answered)
    return order.exit;
  const auto list = call(where, where.operations_url, "GET", "/api/guards");
  if (list.exit != answered)
    return list.exit;
  const auto caller = "order/" + order.body.value("orderId", id);
  auto guards = json::array();
  for (const auto& x : list.body.value("guards", json::array())) {
    auto one = call(where, where.operations_url, "GET", path_of_listed(x));
    if (one.exit != answered)
      return one.exit;
    auto& recent = one.body["recent"];
    auto about = json::array();
    for (const auto& each : recent)
      if (each.value("caller", std::string{}) == caller)
        about.push_back(each);
    recent = std::move(about);
    const auto provider = order.body.value("payment", json::object()).value("provider", std::string{});
    if (!recent.empty() || x.value("name", std::string{}) == "payment." + provider)
      guards.push_back(std::move(one.body));
  }
  if (where.json) {
    std::cout << json{{"order", order.body}, {"guards", guards}}.dump() << '\n';
    return answered;
  }
  std::cout << paint("order " + text_of(order.body, "orderId"), style::strong, where.color) << "  "
            << text_of(order.body, "status") << "  " << text_of(order.body, "message") << "\n\n";
  table rows{{"TIME", "WHAT", "DETAIL"}};
  for (const auto& moment : order.body.value("timeline", json::array()))
    rows.add({text_of(moment, "at"), text_of(moment, "what"), text_of(moment, "detail")});
  rows.print(std::cout, where.color);
  for (const auto& guard : guards) {
    std::cout << '\n';
    print_state(where, guard);
    if (print_decisions(where, guard, caller) == 0)
      std::cout << "It remembers nothing about this order: its calls passed, or it was long ago.\n";
  }
  return answered;
}

int set_breaker(const target& where, const std::string& name, const std::string& mode, const std::string& reason) {
  return print_guard(where, call(where, where.operations_url, "POST", path_of(name) + "/breaker",
                                 json{{"mode", mode}, {"reason", reason}}));
}

int set_policy(const target& where, const std::string& name, const std::string& policy,
               const std::vector<std::string>& rules, const std::string& reason) {
  json body{{"reason", reason}};
  if (!policy.empty())
    body["policy"] = policy;
  for (const auto& rule : rules) {
    const auto equals = rule.find('=');
    if (equals == std::string::npos) {
      std::cerr << "troupe ctl: a rule is key=value, such as retry.attempts=2, not \"" << printable(rule) << "\"\n";
      return refused;
    }
    body["rules"][rule.substr(0, equals)] = rule.substr(equals + 1);
  }
  return print_guard(where, call(where, where.operations_url, "PUT", path_of(name) + "/policy", body));
}

} // namespace troupe::ctl
