// supervisors/message_types.hpp: every block of message types in one place; overlapping ids do not compile here.
#pragma once

#include "actors/alarm/receiver.hpp"
#include "actors/alarm/tester.hpp"
#include "actors/catalog/catalog_actor.hpp"
#include "actors/cluster/lease_store.hpp"
#include "actors/cluster/survey.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/dead_letter/rehearsal.hpp"
#include "actors/entity/context.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/notification/notification_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "actors/pause/pause_actor.hpp"
#include "actors/payment/provider.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/smtp_client/smtp_client.hpp"
#include "supervisors/cluster/facts.hpp"
#include "supervisors/cluster/member.hpp"
#include "supervisors/cluster/rates.hpp"
#include "supervisors/supervision/failure.hpp"

#include <caf/init_global_meta_objects.hpp>
#include <caf/io/middleman.hpp>

namespace troupe {

template <class... Blocks> struct block_list {};

/// All that there are. Types travel by their numbers, so what was released keeps its own: see actors/README.md.
using message_blocks =
  block_list<caf::id_block::troupe_kernel, caf::id_block::troupe_journal, caf::id_block::troupe_entity,
             caf::id_block::troupe_inventory, caf::id_block::troupe_order, caf::id_block::troupe_payment,
             caf::id_block::troupe_catalog, caf::id_block::troupe_idempotency, caf::id_block::troupe_http_client,
             caf::id_block::troupe_supervision, caf::id_block::troupe_guard, caf::id_block::troupe_dead_letter,
             caf::id_block::troupe_rehearsal, caf::id_block::troupe_outlet, caf::id_block::troupe_smtp_client,
             caf::id_block::troupe_mailer, caf::id_block::troupe_notification, caf::id_block::troupe_pause,
             caf::id_block::troupe_alarm, caf::id_block::troupe_alarm_test, caf::id_block::troupe_cluster,
             caf::id_block::troupe_cluster_nodes, caf::id_block::troupe_cluster_keeper,
             caf::id_block::troupe_cluster_member, caf::id_block::troupe_cluster_desk,
             caf::id_block::troupe_cluster_facts, caf::id_block::troupe_cluster_rates,
             caf::id_block::troupe_cluster_survey>;

template <class... Blocks> void register_blocks(block_list<Blocks...>) {
  (caf::init_global_meta_objects<Blocks>(), ...);
}

/// Call once, before the first actor system.
inline void register_message_types() {
  register_blocks(message_blocks{});
  caf::io::middleman::init_global_meta_objects();
  caf::core::init_global_meta_objects();
}

} // namespace troupe
