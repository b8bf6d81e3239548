// gateways/http/routes/routes.hpp: every route of the gateways, one function per resource.
#pragma once

#include "gateways/http/route.hpp"
#include "gateways/http/routes/services.hpp"

#include <memory>

namespace troupe::gateway {

/// Everything that the commerce gateway (port 9001) serves.
void add_commerce_routes(router& table, const services& behind);

/// Everything that the operations gateway (port 7777) serves.
void add_operations_routes(router& table, const operations& behind);

void add_guard_routes(router& table, const guard::guards_actor& guards, const cluster::survey_actor& survey);
void add_dead_letter_routes(router& table, const dead_letter_desk& desk); // among them

using shared_services = std::shared_ptr<const services>;

void add_order_routes(router& table, const shared_services& behind);
void add_product_routes(router& table, const shared_services& behind);
void add_inventory_routes(router& table, const shared_services& behind);
void add_webhook_routes(router& table, const shared_services& behind);

void add_pause_routes(router& table, const pausing& behind);

void add_event_routes(router& table, const event_desk& desk);
void add_alarm_routes(router& table, const alarm::tester_actor& webhook);

void add_supervisor_routes(router& table, const operations& behind);
void add_cluster_routes(router& table, const operations& behind);

} // namespace troupe::gateway
