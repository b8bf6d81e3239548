// tests/fuzz/order_body_fuzz.cpp: any bytes as the body of POST /api/v2/orders. What the route's schema lets through
// becomes a command or a list of wrong fields; what the saga makes of the command can be stored, read and shown.
#include "actors/order/stored.hpp"
#include "gateways/http/json_schema.hpp"
#include "gateways/http/routes/order_json.hpp"
#include "gateways/http/routes/routes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

namespace {

using namespace troupe;
using gateway::json_schema;

constexpr time_point now{std::chrono::seconds{1'772'366'400}};
const order_id the_order{"0195c2f0-0000-7000-8000-000000000001"};

void require(bool holds) {
  if (!holds)
    std::abort();
}

/// Routes that are never called.
gateway::router routes() {
  gateway::router table;
  gateway::add_commerce_routes(table, {});
  return table;
}

const json_schema& schema() {
  static const gateway::router table = routes();
  static gateway::router::parameters none;
  static const json_schema* found = table.schema(*table.find("POST", "/api/v2/orders", none));
  return *found;
}

bool is_pointer(std::string_view text) {
  return text.empty() || text.front() == '/';
}

/// What the order's events stand for after they were stored and read.
order::state stored_and_read(const std::vector<order::event>& events) {
  order::state s;
  journal::stored_event stored;
  stored.stream = {"order", the_order.value};
  for (const auto& e : events) {
    const auto form = order::encode(e);
    ++stored.version;
    stored.type = form.type;
    stored.schema = form.schema;
    stored.data = form.data;
    stored.personal = form.personal;
    const auto again = order::decode(stored);
    require(again && *again == e);
    require(order::to_public(stored).has_value());
    s.apply(*again, now);
  }
  return s;
}

void place(const order::place& command) {
  const auto decided = order::decide(order::state{}, command);
  const auto* events = std::get_if<std::vector<order::event>>(&decided);
  if (!events)
    return; // such as too many units: the saga has its own bounds
  require(!events->empty());
  const auto s = stored_and_read(*events);
  require(s.items == command.items && s.email == command.email && s.shipping == command.shipping);
  require(!order::outstanding(the_order, s, now, {}).empty());
  // The same order again, as a client sends it that got no answer, is no second one.
  const auto repeated = order::decide(s, command);
  const auto* nothing = std::get_if<std::vector<order::event>>(&repeated);
  require(nothing && nothing->empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto read = gateway::read_json({reinterpret_cast<const char*>(bytes), size}, 64);
  if (!read.refusal.empty())
    return 0;
  const auto errors = schema().check(read.value);
  for (const auto& e : errors)
    require(is_pointer(e.pointer) && !e.detail.empty());
  if (!errors.empty())
    return 0;
  const auto parsed = gateway::to_place(read.value, the_order, {"rest", {"rest", "stripe"}, true});
  if (const auto* wrong = std::get_if<std::vector<gateway::wrong_field>>(&parsed)) {
    require(!wrong->empty());
    for (const auto& field : *wrong)
      require(is_pointer(field.pointer));
    return 0;
  }
  const auto& command = std::get<order::place>(parsed);
  const auto masked = gateway::mask_email(command.email);
  require(masked.find('@') != std::string::npos && masked.find("***") != std::string::npos);
  place(command);
  return 0;
}
