#include "adapters/payment/exchange.hpp"
#include "supervisors/ctl/ctl.hpp"
#include "supervisors/ctl/request.hpp"
#include "supervisors/ctl/table.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <thread>

namespace troupe::ctl {

namespace {

using nlohmann::json;

std::string path_of(const event_query& of, unsigned limit, const std::string& before) {
  auto path = "/api/events?limit=" + std::to_string(limit);
  for (const auto& [name, value] :
       {std::pair{"context", &of.context}, {"type", &of.type}, {"key", &of.key}, {"before", &before}})
    if (!value->empty())
      path += std::string{"&"} + name + '=' + payment::percent_encoded(*value);
  return path;
}

/// Prints events as they are given: in columns, or as JSON, one a line.
class printer {
public:
  explicit printer(const target& where) : where_(where) {}

  void print(const json& event) {
    if (where_.json) {
      std::cout << event.dump() << '\n';
      return;
    }
    const auto form = event.find("event");
    const bool is_public = form != event.end() && form->is_object();
    rows_.add({text_of(event, "position"), text_of(event, "recordedAt"), text_of(event, "type"), text_of(event, "key"),
               text_of(event, "version"), text_of(event, "principal"),
               is_public ? text_of(*form, "data") : text_of(event, "problem")});
  }

  void flush() {
    if (!where_.json)
      rows_.print(std::cout, where_.color);
    std::cout << std::flush;
  }

private:
  const target& where_;
  table rows_{{"POSITION", "TIME", "TYPE", "KEY", "VERSION", "BY", "DATA"}};
};

/// What came after the position `seen`, oldest first; the node's answer when it gives none.
struct news {
  reply last;
  std::vector<json> events;
  std::uint64_t newest = 0;
};

news news_since(const target& where, const event_query& of, std::uint64_t seen) {
  constexpr unsigned page = 100;
  news result;
  std::string before;
  for (;;) {
    result.last = call(where, where.operations_url, "GET", path_of(of, page, before));
    if (result.last.exit != answered)
      return result;
    const auto& body = result.last.body;
    if (before.empty()) // What comes meanwhile is on no later page, and is for the next time.
      result.newest = body.value("newest", std::uint64_t{0});
    bool more = body.contains("next");
    for (const auto& event : body.value("events", json::array())) {
      if (event.value("position", std::uint64_t{0}) <= seen) {
        more = false;
        break;
      }
      result.events.push_back(event);
    }
    if (!more)
      break;
    before = body["next"].get<std::string>();
  }
  std::reverse(result.events.begin(), result.events.end());
  return result;
}

} // namespace

int show_event_log(const target& where, const event_query& of) {
  const auto got = call(where, where.operations_url, "GET", path_of(of, of.limit, {}));
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  printer out{where};
  for (const auto& event : got.body.value("events", json::array()))
    out.print(event);
  out.flush();
  if (got.body.contains("next"))
    std::cout << "There are more; --limit shows up to 1,000 and --json where they go on.\n";
  return answered;
}

int follow_event_log(const target& where, const event_query& of, duration between) {
  const auto got = call(where, where.operations_url, "GET", path_of(of, of.limit, {}));
  if (got.exit != answered)
    return got.exit;
  printer out{where};
  const auto first = got.body.value("events", json::array());
  for (auto event = first.rbegin(); event != first.rend(); ++event)
    out.print(*event);
  out.flush();
  for (auto seen = got.body.value("newest", std::uint64_t{0});;) {
    std::this_thread::sleep_for(between);
    auto next = news_since(where, of, seen);
    if (next.last.exit != answered)
      return next.last.exit;
    if (next.newest > seen + looked_back_max)
      std::cerr << "troupe ctl: more was stored than can be looked back at; some of it is left out\n";
    for (const auto& event : next.events)
      out.print(event);
    if (!next.events.empty())
      out.flush();
    seen = std::max(seen, next.newest);
  }
}

} // namespace troupe::ctl
