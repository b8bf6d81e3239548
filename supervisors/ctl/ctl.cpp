#include "supervisors/ctl/ctl.hpp"

#include "actors/kernel/money.hpp"
#include "adapters/payment/exchange.hpp"
#include "supervisors/ctl/request.hpp"
#include "supervisors/ctl/table.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <thread>

namespace troupe::ctl {

namespace {

using nlohmann::json;

/// Its two largest units: "2d 3h", "14m 5s", "230ms".
std::string for_people(duration x) {
  const auto ms = x.count();
  const auto two = [](std::int64_t large, const char* unit, std::int64_t small, const char* smaller) {
    return std::to_string(large) + unit + (small == 0 ? "" : ' ' + std::to_string(small) + smaller);
  };
  const auto s = ms / 1'000;
  if (s >= 86'400)
    return two(s / 86'400, "d", s % 86'400 / 3'600, "h");
  if (s >= 3'600)
    return two(s / 3'600, "h", s % 3'600 / 60, "m");
  if (s >= 60)
    return two(s / 60, "m", s % 60, "s");
  return s > 0 ? std::to_string(s) + 's' : std::to_string(ms) + "ms";
}

std::string money_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_object())
    return "-";
  const auto code = currency::parse(found->value("currency", std::string{}));
  const money amount{found->value("amount", std::int64_t{0}), code.value_or(currency{})};
  return to_decimal(amount) + ' ' + std::string{amount.currency.code()};
}

style style_of(const std::string& status) {
  if (status == "confirmed" || status == "up" || status == "ready")
    return style::good;
  if (status == "processing" || status == "unknown")
    return style::waiting;
  return style::bad;
}

int print_order(const target& where, const reply& got) {
  if (got.exit != answered)
    return got.exit;
  const auto& order = got.body;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  const auto status = text_of(order, "status");
  std::cout << paint("order " + text_of(order, "orderId"), style::strong, where.color) << "  "
            << paint(status, style_of(status), where.color) << "  " << text_of(order, "message") << '\n';
  if (order.contains("reason") && !order["reason"].is_null() && order["reason"] != "")
    std::cout << "reason    " << text_of(order, "reason") << '\n';
  const auto amounts = order.value("amounts", json::object());
  std::cout << "customer  " << text_of(order, "customerId") << '\n'
            << "total     " << money_of(amounts, "total") << '\n'
            << "captured  " << money_of(amounts, "captured") << '\n'
            << "refunded  " << money_of(amounts, "refunded") << "\n\n";
  if (const auto items = order.find("items"); items != order.end()) {
    table rows{{"SKU", "QUANTITY", "PRICE", "AMOUNT"}};
    for (const auto& item : *items)
      rows.add({text_of(item, "sku"), text_of(item, "quantity"), money_of(item, "price"), money_of(item, "amount")});
    rows.print(std::cout, where.color);
    std::cout << '\n';
  }
  if (const auto timeline = order.find("timeline"); timeline != order.end()) {
    table rows{{"TIME", "WHAT", "DETAIL"}};
    for (const auto& moment : *timeline)
      rows.add({text_of(moment, "at"), text_of(moment, "what"), text_of(moment, "detail")});
    rows.print(std::cout, where.color);
  }
  return answered;
}

} // namespace

int show_order(const target& where, const std::string& id) {
  return print_order(where, call(where, where.commerce_url, "GET", path_of_order(id)));
}

int cancel_order(const target& where, const std::string& id, const std::string& reason) {
  const auto body = reason.empty() ? json::object() : json{{"reason", reason}};
  const auto got = call(where, where.commerce_url, "POST", path_of_order(id) + "/cancel", body);
  return got.exit == answered ? show_order(where, id) : got.exit;
}

int capture_order(const target& where, const std::string& id) {
  const auto got = call(where, where.commerce_url, "POST", path_of_order(id) + "/capture", json::object());
  return got.exit == answered ? show_order(where, id) : got.exit;
}

int show_events(const target& where, const std::string& id) {
  const auto got = call(where, where.commerce_url, "GET", path_of_order(id) + "/events");
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  table rows{{"VERSION", "TIME", "EVENT", "DATA"}};
  const auto& events = got.body.is_array() ? got.body : got.body.at("events");
  for (const auto& event : events)
    rows.add(
      {text_of(event, "version"), text_of(event, "eventTime"), text_of(event, "eventType"), text_of(event, "data")});
  rows.print(std::cout, where.color);
  return answered;
}

int show_stock(const target& where, const std::string& sku) {
  const auto got = call(where, where.commerce_url, "GET", "/api/v2/inventory/" + payment::percent_encoded(sku));
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  table rows{{"SKU", "ON HAND", "AVAILABLE", "HELD", "SOLD"}};
  rows.add({text_of(got.body, "sku"), text_of(got.body, "onHand"), text_of(got.body, "available"),
            text_of(got.body, "held"), text_of(got.body, "sold")});
  rows.print(std::cout, where.color);
  return answered;
}

int show_health(const target& where) {
  const auto got = call(where, where.operations_url, "GET", "/health/ready", nullptr, {503});
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return got.status < 400 ? answered : refused;
  }
  const auto status = text_of(got.body, "status");
  std::cout << paint(status, style_of(status), where.color) << "\n\n";
  if (const auto dependencies = got.body.find("dependencies"); dependencies != got.body.end()) {
    table rows{{"DEPENDENCY", "STATUS", "AGE (MS)", "DETAIL"}};
    for (const auto& x : *dependencies)
      rows.add({text_of(x, "name"), text_of(x, "status"), text_of(x, "ageMilliseconds"), text_of(x, "detail")});
    rows.print(std::cout, where.color);
  }
  return got.status < 400 ? answered : refused;
}

namespace {

/// "412", or "412 (3 failed)"; "-" for a part that looks after none.
std::string entities_of(const json& part) {
  const auto known = part.find("entities");
  if (known == part.end())
    return "-";
  const auto failures = known->value("failures", 0);
  return text_of(*known, "live") + (failures > 0 ? " (" + std::to_string(failures) + " failed)" : "");
}

} // namespace

int show_tree(const target& where) {
  const auto got = call(where, where.operations_url, "GET", "/api/supervisors");
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  const auto all = got.body.value("parts", json::array());
  table rows{with_node_title(all, {"PART", "STATE", "FOR", "RESTARTS", "WAITING", "OLDEST", "ENTITIES", "LAST ERROR"})};
  for (const auto& x : all) {
    const auto path = text_of(x, "path");
    const auto depth = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
    const auto strategy = x.value("strategy", std::string{});
    const auto mailbox = x.value("mailbox", json::object());
    const auto waiting = mailbox.value("messages", 0) + mailbox.value("waitForRestart", 0);
    const auto state = text_of(x, "state");
    rows.add(
      with_node(x, {std::string(2 * depth, ' ') + path.substr(path.rfind('/') + 1)
                      + (strategy.empty() ? "" : " (" + printable(strategy) + ")"),
                    paint(state, style_of(state), where.color), for_people(duration{x.value("sinceMilliseconds", 0ll)}),
                    text_of(x, "restarts"), std::to_string(waiting),
                    for_people(duration{mailbox.value("oldestMilliseconds", 0ll)}), entities_of(x),
                    x.contains("lastError") ? text_of(x, "failedAt") + ' ' + text_of(x, "lastError") : "-"}));
  }
  rows.print(std::cout, where.color);
  print_missing(got.body);
  return answered;
}

int watch(const std::function<int()>& show) {
  for (;;) {
    std::cout << "\x1b[H\x1b[2J" << std::flush;
    if (const auto exit = show(); exit != answered)
      return exit;
    std::cout << std::flush;
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
}

// ---- dead letters --------------------------------------------------------------------------------------------------

namespace {

std::string path_of_letter(const std::string& id) {
  return "/api/dead-letters/" + payment::percent_encoded(id);
}

int print_letter(const target& where, const reply& got) {
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  const auto& x = got.body;
  const auto status = text_of(x, "status");
  std::cout << paint("letter " + text_of(x, "id"), style::strong, where.color) << "  "
            << paint(status, status == "open" ? style::bad : style::waiting, where.color) << "  "
            << text_of(x, "summary") << '\n';
  for (const auto* name :
       {"source", "code", "place", "attempts", "recordedAt", "origin", "trace", "about", "hasPayload", "replayable"})
    std::cout << name << std::string(12 - std::string_view{name}.size(), ' ') << text_of(x, name) << '\n';
  const auto actions = x.value("actions", json::array());
  if (actions.empty())
    return answered;
  std::cout << '\n';
  table rows{{"TIME", "WHAT", "BY", "REASON"}};
  for (const auto& each : actions)
    rows.add({text_of(each, "at"), text_of(each, "what"), text_of(each, "by"), text_of(each, "reason")});
  rows.print(std::cout, where.color);
  return answered;
}

int print_job(const target& where, const reply& got) {
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  table rows{{"JOB", "STATUS", "RATE", "REPLAYED", "FAILED", "SKIPPED"}};
  rows.add({text_of(got.body, "job"), text_of(got.body, "status"), text_of(got.body, "ratePerSecond"),
            text_of(got.body, "replayed"), text_of(got.body, "failed"), text_of(got.body, "skipped")});
  rows.print(std::cout, where.color);
  return answered;
}

int print_rehearsal(const target& where, const reply& got) {
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  for (const auto& letter : got.body.value("letters", json::array())) {
    const auto outcome = text_of(letter, "outcome");
    std::cout << paint("letter " + text_of(letter, "id"), style::strong, where.color) << "  would be "
              << paint(outcome, outcome == "replayed" ? style::waiting : style::bad, where.color)
              << (letter.contains("reason") ? ": " + text_of(letter, "reason") : "") << '\n';
    table rows{{"WOULD", "WHAT", "KEY", "WITH"}};
    for (const auto& x : letter.value("events", json::array()))
      rows.add({"store", text_of(x, "type"), text_of(x, "key"), "-"});
    for (const auto& x : letter.value("calls", json::array()))
      rows.add(
        {"call", text_of(x, "port") + ' ' + text_of(x, "operation"), text_of(x, "key"), text_of(x, "arguments")});
    rows.print(std::cout, where.color);
    if (!letter.value("ended", true))
      std::cout << "More would follow later.\n";
    std::cout << '\n';
  }
  if (got.body.value("more", false))
    std::cout << "The group has more letters, which were not looked at.\n";
  std::cout << "Nothing was done.\n";
  return answered;
}

} // namespace

int list_dead_letters(const target& where, const std::string& group) {
  const auto query = group.empty() ? std::string{} : "?group=" + payment::percent_encoded(group);
  const auto got = call(where, where.operations_url, "GET", "/api/dead-letters" + query);
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  if (group.empty()) {
    table rows{{"GROUP", "COUNT", "SOURCE", "CODE", "PLACE", "FIRST", "LAST"}};
    for (const auto& x : got.body.value("groups", json::array()))
      rows.add({text_of(x, "group"), text_of(x, "count"), text_of(x, "source"), text_of(x, "code"), text_of(x, "place"),
                text_of(x, "first"), text_of(x, "last")});
    rows.print(std::cout, where.color);
  } else {
    const auto all = got.body.value("letters", json::array());
    table rows{with_node_title(all, {"ID", "STATUS", "RECORDED", "ATTEMPTS", "SUMMARY"})};
    for (const auto& x : all)
      rows.add(with_node(x, {text_of(x, "id"), text_of(x, "status"), text_of(x, "recordedAt"), text_of(x, "attempts"),
                             text_of(x, "summary")}));
    rows.print(std::cout, where.color);
    if (got.body.contains("next"))
      std::cout << "There are more; --json shows where they go on.\n";
  }
  if (!got.body.value("complete", true))
    std::cout << "This is not all: letters are still being read, or there are too many to list.\n";
  return answered;
}

int show_dead_letter(const target& where, const std::string& id) {
  return print_letter(where, call(where, where.operations_url, "GET", path_of_letter(id)));
}

int replay_dead_letter(const target& where, const std::string& id, const std::string& reason) {
  return print_letter(
    where, call(where, where.operations_url, "POST", path_of_letter(id) + "/replay", json{{"reason", reason}}));
}

int rehearse_dead_letter(const target& where, const std::string& id, const std::string& reason) {
  return print_rehearsal(where, call(where, where.operations_url, "POST", path_of_letter(id) + "/replay",
                                     json{{"reason", reason}, {"dryRun", true}}));
}

int rehearse_dead_letters(const target& where, const std::string& group, const std::string& reason) {
  return print_rehearsal(where, call(where, where.operations_url, "POST", "/api/dead-letters/replay",
                                     json{{"group", group}, {"reason", reason}, {"dryRun", true}}));
}

int discard_dead_letter(const target& where, const std::string& id, const std::string& reason) {
  return print_letter(
    where, call(where, where.operations_url, "POST", path_of_letter(id) + "/discard", json{{"reason", reason}}));
}

int replay_dead_letters(const target& where, const std::string& group, const std::string& reason, unsigned rate) {
  return print_job(where, call(where, where.operations_url, "POST", "/api/dead-letters/replay",
                               json{{"group", group}, {"reason", reason}, {"ratePerSecond", rate}}));
}

int show_replay_job(const target& where, const std::string& id) {
  return print_job(where,
                   call(where, where.operations_url, "GET", "/api/dead-letters/jobs/" + payment::percent_encoded(id)));
}

int set_outage(const target& where, bool out) {
  if (!out) {
    const auto got = call(where, where.sandbox_url, "DELETE", "/_sandbox/faults");
    if (got.exit == answered)
      std::cout << "The sandbox providers work again. Waiting orders go on by themselves within a minute.\n";
    return got.exit;
  }
  auto rules = json::array(); // Mails go on: a customer hears of what was paid before.
  for (const auto* payments : {"/stripe", "/rest"})
    rules.push_back({{"name", "outage"}, {"path", payments}, {"fault", "error"}, {"status", 503}});
  const json fault{{"rules", std::move(rules)}};
  const auto got = call(where, where.sandbox_url, "PUT", "/_sandbox/faults", fault);
  if (got.exit == answered)
    std::cout << "The sandbox's payment providers answer 503 to every call. Place an order, and watch it wait with\n"
                 "  troupe ctl order ID\n"
                 "End the outage with\n"
                 "  troupe ctl outage end\n";
  return got.exit;
}

} // namespace troupe::ctl
