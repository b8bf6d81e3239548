#include "tests/gateways/routes/gateway_fixture.hpp"

#include "actors/order/stored.hpp"
#include "gateways/http/json_schema.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <stdexcept>

namespace troupe::test {

namespace {

order::order_actor::behavior_type order_behavior(order::order_actor::pointer self, order_desk* at, time_point now) {
  auto& desk = *at;
  // A promise that is dropped is an answer: a broken one.
  const auto unanswered = std::make_shared<std::deque<caf::typed_response_promise<order::view>>>();
  const auto find = [&desk](const order_id& id) -> caf::result<order::view> {
    if (desk.failing)
      return *desk.failing;
    const auto found = desk.orders.find(id.value);
    if (found == desk.orders.end())
      return caf::make_error(order::rejection::unknown_order);
    return found->second;
  };
  return {
    [self, &desk, now, unanswered](const request_context& context,
                                   const order::place& cmd) -> caf::result<order::view> {
      desk.placed.push_back(cmd);
      desk.contexts.push_back(context);
      if (desk.silent)
        return unanswered->emplace_back(self->make_response_promise<order::view>());
      if (desk.failing)
        return *desk.failing;
      auto& x = desk.orders[cmd.id.value];
      if (x.id.value.empty()) {
        x.id = cmd.id;
        x.email = cmd.email;
        x.customer = cmd.customer;
        x.currency = cmd.currency;
        x.provider = cmd.provider;
        x.message = "Processing payment...";
        x.placed_at = x.updated_at = now;
      } else if (x.provider != cmd.provider) {
        return caf::make_error(order::rejection::already_placed_otherwise);
      }
      return x;
    },
    [find](const request_context&, const order::get_order& x) { return find(x.id); },
    [find, &desk](const request_context&, const order::await_end& x) -> caf::result<order::view> {
      if (desk.await_fails) {
        desk.orders[x.id.value].message = "Verifying payment...";
        return *desk.await_fails;
      }
      desk.orders[x.id.value].status = desk.ends_as;
      return find(x.id);
    },
    [find, &desk](const request_context&, const order::cancel& x) -> caf::result<order::view> {
      if (desk.cancel_refused)
        return *desk.cancel_refused;
      desk.cancelled.push_back(x);
      return find(x.id);
    },
    [find, &desk](const request_context&, const order::capture& x) -> caf::result<order::view> {
      if (desk.capture_refused)
        return *desk.capture_refused;
      desk.captured.push_back(x);
      return find(x.id);
    },
    [](const request_context&, const order::reopen&) -> caf::result<order::view> {
      return caf::make_error(ec::refused);
    },
    [](const request_context&, const order::payment_news&) -> caf::result<void> { return caf::unit; },
    [](const request_context&, const order::look&) -> caf::result<void> { return caf::unit; },
  };
}

inventory::inventory_actor::behavior_type stock_behavior(inventory::inventory_actor::pointer self, stock_room* at) {
  auto& room = *at;
  const auto unanswered = std::make_shared<std::deque<caf::typed_response_promise<inventory::stock>>>();
  const auto unsupported = caf::make_error(ec::unknown_type);
  return {
    [&room](const request_context&, const inventory::set_available& x) -> caf::result<inventory::stock> {
      auto& stock = room.stock[x.sku.value];
      stock.sku = x.sku;
      stock.available = x.available;
      stock.on_hand = stock.available + stock.held;
      return stock;
    },
    [self, &room, unanswered](const request_context&, const inventory::reserve& x) -> caf::result<inventory::stock> {
      const auto stock = room.stock.find(x.sku.value);
      if (x.sku.value == room.silent_sku) {
        room.held[x.sku.value][x.id.value] = x.units;
        return unanswered->emplace_back(self->make_response_promise<inventory::stock>());
      }
      if (stock == room.stock.end())
        return caf::make_error(inventory::rejection::unknown_sku);
      if (room.held[x.sku.value].contains(x.id.value))
        return stock->second;
      if (x.units > stock->second.available)
        return caf::make_error(inventory::rejection::out_of_stock);
      stock->second.available -= x.units;
      room.held[x.sku.value][x.id.value] = x.units;
      return stock->second;
    },
    [&room](const request_context&, const inventory::release& x) -> caf::result<inventory::stock> {
      if (room.release_fails)
        return *room.release_fails;
      room.released.push_back(x.id.value);
      auto& held = room.held[x.sku.value];
      if (const auto found = held.find(x.id.value); found != held.end()) {
        room.stock[x.sku.value].available += found->second;
        held.erase(found);
      }
      return room.stock[x.sku.value];
    },
    [unsupported](const request_context&, const inventory::allocate&) -> caf::result<inventory::stock> {
      return unsupported;
    },
    [unsupported](const request_context&, const inventory::take_back&) -> caf::result<inventory::stock> {
      return unsupported;
    },
    [unsupported](const request_context&, const inventory::extend&) -> caf::result<inventory::stock> {
      return unsupported;
    },
    [&room](const request_context&, const inventory::get_stock& x) -> caf::result<inventory::stock> {
      const auto stock = room.stock.find(x.sku.value);
      if (stock == room.stock.end())
        return caf::make_error(inventory::rejection::unknown_sku);
      return stock->second;
    },
  };
}

catalog::catalog_actor::behavior_type catalog_behavior(std::map<std::string, catalog::product>& products) {
  return {
    [&products](const request_context&, const catalog::put_product& x) -> caf::result<catalog::product> {
      auto& product = products[x.sku.value];
      product = {x.sku, x.title, x.price, product.version + 1};
      return product;
    },
    [&products](const request_context&, const catalog::get_product& x) -> caf::result<catalog::product> {
      const auto found = products.find(x.sku.value);
      if (found == products.end())
        return caf::make_error(catalog::rejection::unknown_product);
      return found->second;
    },
  };
}

idempotency::idempotency_actor::behavior_type idempotency_behavior(std::map<std::string, idempotency::claim>& claims) {
  return {
    [&claims](const request_context&, const idempotency::claim& x) -> caf::result<idempotency::claimed> {
      const auto [found, first] = claims.try_emplace(x.scope, x);
      if (found->second.body_hash != x.body_hash)
        return caf::make_error(idempotency::rejection::other_body);
      return idempotency::claimed{found->second.subject, first};
    },
  };
}

journal::journal_actor::behavior_type journal_behavior(const std::vector<journal::stored_event>& events,
                                                       std::vector<journal::read_latest>& questions) {
  const auto unsupported = caf::make_error(ec::unknown_type);
  return {
    [unsupported](const journal::append&) -> caf::result<journal::appended> { return unsupported; },
    [unsupported](const journal::load&) -> caf::result<journal::recovered_stream> { return unsupported; },
    [unsupported](const journal::forget&) -> caf::result<void> { return unsupported; },
    [&events](const journal::read_stream& x) -> caf::result<journal::page> {
      journal::page page;
      for (const auto& event : events)
        if (event.stream == x.stream && event.version >= x.first_version && page.events.size() < x.limit)
          page.events.push_back(event);
      return page;
    },
    [unsupported](const journal::read_shard&) -> caf::result<journal::page> { return unsupported; },
    [unsupported](const journal::read_due&) -> caf::result<journal::due_page> { return unsupported; },
    [unsupported](const journal::read_keys&) -> caf::result<journal::key_page> { return unsupported; },
    [unsupported](const journal::read_positions&) -> caf::result<journal::position_page> { return unsupported; },
    [&events, &questions](const journal::read_latest& x) {
      questions.push_back(x);
      journal::latest_events found{events.size(), {}};
      for (auto at = std::min<std::uint64_t>(events.size() + 1, x.before.value_or(events.size() + 1));
           at > 1 && found.events.size() < x.limit; --at)
        found.events.push_back({at - 1, events[at - 2]});
      return found;
    },
    [unsupported](const journal::read_due_count&) -> caf::result<journal::due_count> { return unsupported; },
    [unsupported](const journal::get_health&) -> caf::result<journal::health> { return unsupported; },
    [unsupported](const journal::subscribe&) -> caf::result<journal::subscribed> { return unsupported; },
    [unsupported](const journal::save_offsets&) -> caf::result<void> { return unsupported; },
  };
}

} // namespace

gateway_fixture::gateway_fixture() {
  gateway::services behind;
  behind.orders = sys.spawn(order_behavior, &desk, noon);
  behind.stock = sys.spawn(stock_behavior, &room);
  behind.catalog = sys.spawn([this]() { return catalog_behavior(products); });
  behind.idempotency = sys.spawn([this]() { return idempotency_behavior(claims); });
  behind.journal = sys.spawn([this]() { return journal_behavior(events, log_questions); });
  behind.now = [this] { return noon; };
  behind.random = [this] { return ++drawn * 0x9E3779B97F4A7C15ull; };
  behind.ordering = gateway::order_defaults{"sandbox", {"sandbox", "stripe"}, true};
  behind.webhooks["stripe"] = [this](const http::request& x) {
    webhooks.push_back(x);
    return webhook;
  };
  behind.is_overloaded = [this] { return overloaded.load(); };
  gateway::add_commerce_routes(table, behind);
  gateway::operations operations;
  operations.now = [this] { return noon; };
  operations.started_at = noon - std::chrono::minutes{2};
  operations.version = "1.2.3";
  operations.health = [this] { return health; };
  operations.metrics = [] { return std::string{"troupe_orders_total 3\n"}; };
  operations.parts = [this] { return parts; };
  operations.guards = sys.spawn([this]() { return guards_behavior(); });
  operations.pauses = {sys.spawn([this]() { return pauses_behavior(); }), paused.published(), behind.orders,
                       [this](const pause::target& x) { return pausable.contains(x); }};
  operations.events = {behind.journal,
                       {"order", "idempotency"},
                       [](const journal::stored_event& x) -> caf::expected<std::optional<public_event>> {
                         if (x.type == "order.newer")
                           return caf::make_error(ec::unknown_type);
                         return x.stream.context == "order" ? order::to_public(x) : std::nullopt;
                       }};
  operations.webhook = sys.spawn([this]() -> alarm::tester_actor::behavior_type {
    return {[this](const request_context&, const alarm::send_test& x) {
      webhook_tests.push_back(x.reason);
      return webhook_says;
    }};
  });
  gateway::add_operations_routes(table, operations);
  asker_.emplace(sys, io_);
}

pause::pause_actor::behavior_type gateway_fixture::pauses_behavior() {
  const auto status = [this](const pause::target& x) {
    const auto* how = paused.published()->find(x.kind, x.name);
    return pause::status{x, how ? std::optional{*how} : std::nullopt, {}};
  };
  return {
    [this, status](const request_context& c, const pause::begin& x) {
      pausings.emplace_back("pause " + to_string(x.what) + ": " + x.reason, c);
      paused.put(x.what, pause::paused{x.reason, c.principal, noon});
      return status(x.what);
    },
    [this, status](const request_context& c, const pause::resume& x) {
      pausings.emplace_back("resume " + to_string(x.what) + ": " + x.reason, c);
      paused.put(x.what, std::nullopt);
      return status(x.what);
    },
    [status](const request_context&, const pause::get& x) { return status(x.what); },
  };
}

guard::guards_actor::behavior_type gateway_fixture::guards_behavior() {
  const auto known = [this](const std::string& name) -> caf::result<guard::report> {
    if (guard_refuses)
      return *guard_refuses;
    if (name != shield.name)
      return caf::make_error(guard::rejection::unknown_guard);
    return shield;
  };
  return {
    [this](const guard::get_guards&) { return guard::reports{{shield}}; },
    [known](const guard::get_guard& x) { return known(x.name); },
    [this, known](const request_context& c, const guard::set_breaker& x) {
      guards_asked_by.push_back(c.principal);
      breakers.push_back(x);
      return known(x.name);
    },
    [this, known](const request_context& c, const guard::set_policy& x) {
      guards_asked_by.push_back(c.principal);
      policies.push_back(x);
      return known(x.name);
    },
  };
}

gateway_fixture::~gateway_fixture() {
  asker_.reset();
  table = gateway::router{};
}

std::vector<http::response> gateway_fixture::run(const std::vector<call>& calls) {
  struct flight {
    http::request message;
    gateway::router::parameters params;
    std::optional<gateway::incoming> in;
    http::response response;
    bool done = false;
  };
  std::vector<flight> flights(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto& x = calls[i];
    auto& flight = flights[i];
    flight.message = {x.method, x.target, x.fields, x.body};
    const auto path = std::string_view{flight.message.target}.substr(0, x.target.find('?'));
    const auto* row = table.find(x.method, path, flight.params);
    if (!row)
      throw std::logic_error{"no route for " + x.method + ' ' + x.target};
    const auto within = x.within.value_or(std::chrono::milliseconds{5'000});
    flight.in.emplace(gateway::incoming{flight.message, path, flight.params, nullptr,
                                        request_context{x.principal, {}, noon + within}, *asker_,
                                        gateway::asker::steady::now() + within});
    if (const auto* schema = table.schema(*row)) {
      flight.in->body = nlohmann::json::parse(x.body);
      for (const auto& wrong : schema->check(flight.in->body))
        throw std::logic_error{"the body of " + x.target + " does not fit: " + wrong.pointer + ' ' + wrong.detail};
    }
    boost::asio::co_spawn(io_, row->handle(*flight.in), [&flight](std::exception_ptr failure, http::response response) {
      if (failure)
        std::rethrow_exception(failure);
      flight.response = std::move(response);
      flight.done = true;
    });
  }
  const auto all_done = [&] {
    return std::all_of(flights.begin(), flights.end(), [](const flight& x) { return x.done; });
  };
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  const auto work = boost::asio::make_work_guard(io_);
  io_.restart();
  while (!all_done() && std::chrono::steady_clock::now() < give_up)
    io_.run_one_for(std::chrono::milliseconds{100});
  if (!all_done())
    throw std::runtime_error{"a route did not answer"};
  std::vector<http::response> out;
  for (auto& flight : flights)
    out.push_back(std::move(flight.response));
  return out;
}

http::response gateway_fixture::send(const call& x) {
  return run({x}).front();
}

std::pair<http::response, http::response> gateway_fixture::send_both(const call& first, const call& second) {
  auto both = run({first, second});
  return {std::move(both[0]), std::move(both[1])};
}

std::vector<std::string> gateway_fixture::wrong_fields(const std::string& method, const std::string& path,
                                                       const std::string& body) {
  gateway::router::parameters params;
  const auto* row = table.find(method, path, params);
  if (!row || !table.schema(*row))
    throw std::logic_error{"no schema for " + method + ' ' + path};
  std::vector<std::string> out;
  for (const auto& wrong : table.schema(*row)->check(nlohmann::json::parse(body)))
    out.push_back(wrong.pointer);
  return out;
}

gateway::scope gateway_fixture::scope_of(const std::string& method, const std::string& path) {
  gateway::router::parameters params;
  const auto* row = table.find(method, path, params);
  if (!row)
    throw std::logic_error{"no route for " + method + ' ' + path};
  return row->scope;
}

void gateway_fixture::record(const order_id& id, const order::event& event, time_point at) {
  const auto encoded = order::encode(event);
  journal::stored_event stored;
  stored.stream = {"order", id.value};
  stored.version = 1;
  for (const auto& earlier : events)
    stored.version += earlier.stream == stored.stream;
  stored.type = encoded.type;
  stored.schema = encoded.schema;
  stored.data = encoded.data;
  stored.personal = encoded.personal;
  stored.recorded_at = at;
  stored.principal = "anonymous";
  stored.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  stored.node = "n1";
  events.push_back(std::move(stored));
}

} // namespace troupe::test
