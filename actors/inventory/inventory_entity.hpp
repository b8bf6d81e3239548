// actors/inventory/inventory_entity.hpp: the actor of one SKU's stock.
#pragma once

#include "actors/entity/shard_region.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/inventory/stored.hpp"
#include "actors/kernel/live.hpp"

namespace troupe::inventory {

struct traits {
  using state = inventory::state;
  using event = inventory::event;
  using rejection = inventory::rejection;
  using interface = inventory_actor;
  using commands = entity::command_list<set_available, reserve, release, allocate, take_back, extend, get_stock>;
  template <class Command> using answer_to = stock;

  static constexpr const char* context = "inventory";
  static constexpr const char* region_name = "inventories";
  static constexpr std::uint16_t snapshot_schema = inventory::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.sku.value; }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point) { s.apply(e); }
  static journal::encoded_event encode(const event& e) { return inventory::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return inventory::decode(e); }
  static std::string encode_snapshot(const state& s) { return inventory::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return inventory::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state& s) { return s.holds.size() + s.past.size(); }
};

class inventory_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  inventory_entity(pointer self, std::string key, entity::environment env, entity::recovered<inventory::state> from,
                   caf::actor region, live<policy> rules);

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
  std::optional<time_point> wake_up() const override;
  bool takes_back_wake_up() const override { return false; } // the next hold wants one again

private:
  caf::result<stock> answer(const request_context& context, decision outcome);
  void expire();

  live<policy> rules_;
  std::optional<time_point> timer_at_;
};

} // namespace troupe::inventory
