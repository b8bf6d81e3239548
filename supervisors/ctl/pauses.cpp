#include "adapters/payment/exchange.hpp"
#include "supervisors/ctl/ctl.hpp"
#include "supervisors/ctl/request.hpp"
#include "supervisors/ctl/table.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace troupe::ctl {

namespace {

using nlohmann::json;

int print_pause(const target& where, const reply& got) {
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  const bool paused = got.body.value("paused", false);
  std::cout << paint(text_of(got.body, "what"), style::strong, where.color) << "  "
            << (paused ? paint("paused", style::waiting, where.color) + "  " + text_of(got.body, "reason")
                       : paint("goes on", style::good, where.color))
            << '\n';
  return answered;
}

} // namespace

int show_pauses(const target& where) {
  const auto got = call(where, where.operations_url, "GET", "/api/pauses");
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  const auto all = got.body.value("pauses", json::array());
  if (all.empty()) {
    std::cout << "Nothing is paused.\n";
    return answered;
  }
  table rows{{"WHAT", "SINCE", "BY", "REASON"}};
  for (const auto& x : all)
    rows.add({text_of(x, "what"), text_of(x, "since"), text_of(x, "by"), text_of(x, "reason")});
  rows.print(std::cout, where.color);
  return answered;
}

int begin_pause(const target& where, const std::string& what, const std::string& reason) {
  return print_pause(
    where, call(where, where.operations_url, "POST", "/api/pauses", json{{"what", what}, {"reason", reason}}));
}

int end_pause(const target& where, const std::string& what, const std::string& reason) {
  const auto slash = what.find('/');
  if (slash == std::string::npos) {
    std::cerr << "troupe ctl: what is paused is named as `troupe ctl pauses` does, such as provider/rest, not \""
              << printable(what) << "\"\n";
    return refused;
  }
  const auto path = "/api/pauses/" + payment::percent_encoded(what.substr(0, slash)) + '/'
                    + payment::percent_encoded(what.substr(slash + 1)) + "/resume";
  return print_pause(where, call(where, where.operations_url, "POST", path, json{{"reason", reason}}));
}

} // namespace troupe::ctl
