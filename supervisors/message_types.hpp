// supervisors/message_types.hpp: every block of message types in one place; overlapping ids do not compile here.
#pragma once

#include "actors/alarm/receiver.hpp"
#include "actors/alarm/tester.hpp"
#include "actors/catalog/catalog_actor.hpp"
#include "actors/cluster/lease_store.hpp"
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
#include "supervisors/supervision/failure.hpp"

#include <caf/init_global_meta_objects.hpp>

namespace troupe {

/// Call once, before the first actor system.
inline void register_message_types() {
  caf::init_global_meta_objects<caf::id_block::troupe_kernel>();
  caf::init_global_meta_objects<caf::id_block::troupe_journal>();
  caf::init_global_meta_objects<caf::id_block::troupe_entity>();
  caf::init_global_meta_objects<caf::id_block::troupe_inventory>();
  caf::init_global_meta_objects<caf::id_block::troupe_order>();
  caf::init_global_meta_objects<caf::id_block::troupe_payment>();
  caf::init_global_meta_objects<caf::id_block::troupe_catalog>();
  caf::init_global_meta_objects<caf::id_block::troupe_idempotency>();
  caf::init_global_meta_objects<caf::id_block::troupe_http_client>();
  caf::init_global_meta_objects<caf::id_block::troupe_supervision>();
  caf::init_global_meta_objects<caf::id_block::troupe_guard>();
  caf::init_global_meta_objects<caf::id_block::troupe_dead_letter>();
  caf::init_global_meta_objects<caf::id_block::troupe_rehearsal>();
  caf::init_global_meta_objects<caf::id_block::troupe_outlet>();
  caf::init_global_meta_objects<caf::id_block::troupe_smtp_client>();
  caf::init_global_meta_objects<caf::id_block::troupe_mailer>();
  caf::init_global_meta_objects<caf::id_block::troupe_notification>();
  caf::init_global_meta_objects<caf::id_block::troupe_pause>();
  caf::init_global_meta_objects<caf::id_block::troupe_alarm>();
  caf::init_global_meta_objects<caf::id_block::troupe_alarm_test>();
  caf::init_global_meta_objects<caf::id_block::troupe_cluster>();
  caf::core::init_global_meta_objects();
}

} // namespace troupe
