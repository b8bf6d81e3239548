// actors/catalog/catalog_entity.hpp: the actor of one product.
#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/catalog/stored.hpp"
#include "actors/entity/shard_region.hpp"

namespace troupe::catalog {

struct traits {
  using state = catalog::state;
  using event = catalog::event;
  using rejection = catalog::rejection;
  using interface = catalog_actor;
  using commands = entity::command_list<put_product, get_product>;
  template <class Command> using answer_to = product;

  static constexpr const char* context = "catalog";
  static constexpr const char* region_name = "products";
  static constexpr std::uint16_t snapshot_schema = catalog::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.sku.value; }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point) { s.apply(e); }
  static journal::encoded_event encode(const event& e) { return catalog::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return catalog::decode(e); }
  static std::string encode_snapshot(const state& s) { return catalog::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return catalog::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

class catalog_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;
  using super::super;

  handle_type::behavior_type make_behavior();

private:
  caf::result<product> answer(const request_context& context, decision outcome);
};

} // namespace troupe::catalog
