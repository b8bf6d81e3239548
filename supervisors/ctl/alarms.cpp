// What tells operators, on the operators' terminal.
#include "supervisors/ctl/ctl.hpp"
#include "supervisors/ctl/request.hpp"
#include "supervisors/ctl/table.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace troupe::ctl {

int test_webhook(const target& where, const std::string& reason) {
  const auto got = call(where, where.operations_url, "POST", "/api/webhook/test", nlohmann::json{{"reason", reason}});
  if (got.exit != answered)
    return got.exit;
  const bool delivered = got.body.value("delivered", false);
  if (where.json)
    print_as_it_came(got);
  else if (delivered)
    std::cout << paint("delivered", style::good, where.color) << "  " << text_of(got.body, "id") << '\n';
  else
    std::cout << paint("not delivered", style::bad, where.color) << "  " << text_of(got.body, "failure") << '\n';
  return delivered ? answered : refused;
}

} // namespace troupe::ctl
