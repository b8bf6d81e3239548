#include "actors/inventory/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::inventory {

namespace {

using journal::read_number;
using journal::read_time;
using nlohmann::json;

std::int64_t milliseconds(time_point x) {
  return x.time_since_epoch().count();
}

units_t read_units(const json& x) {
  return read_number<units_t>(x.at("units"));
}

/// The form that every end of a reservation shares.
template <class Ended> void write_ended(json_writer& out, const Ended& e) {
  out.member("reservation", e.id.value).member("at", milliseconds(e.at)).member("units", e.units);
}

template <class Ended> event read_ended(const json& x) {
  return Ended{x.at("reservation").get<std::string>(), read_time(x.at("at")), read_units(x)};
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const adjusted& e) {
    result.type = "inventory.adjusted";
    out.member("available", e.available).member("change", e.change);
  }
  void operator()(const reserved& e) {
    result.type = "inventory.reserved";
    out.member("reservation", e.id.value).member("units", e.units).member("expires_at", milliseconds(e.expires_at));
  }
  void operator()(const released& e) {
    result.type = "inventory.released";
    write_ended(out, e);
  }
  void operator()(const hold_expired_event& e) {
    result.type = "inventory.hold_expired";
    write_ended(out, e);
  }
  void operator()(const allocated& e) {
    result.type = "inventory.allocated";
    write_ended(out, e);
  }
  void operator()(const taken_back& e) {
    result.type = "inventory.taken_back";
    write_ended(out, e);
  }
  void operator()(const low_stock& e) {
    result.type = "inventory.low_stock";
    out.member("available", e.available).member("threshold", e.threshold);
  }
  void operator()(const hold_extended& e) {
    result.type = "inventory.hold_extended";
    out.member("reservation", e.id.value)
      .member("units", e.units)
      .member("expires_at", milliseconds(e.expires_at))
      .member("again", e.again);
  }
};

using reader = event (*)(const json&);

reader find_reader(std::string_view type) {
  if (type == "inventory.adjusted")
    return [](const json& x) -> event {
      return adjusted{read_number<units_t>(x.at("available")), read_number<std::int64_t>(x.at("change"))};
    };
  if (type == "inventory.reserved")
    return [](const json& x) -> event {
      return reserved{x.at("reservation").get<std::string>(), read_units(x), read_time(x.at("expires_at"))};
    };
  if (type == "inventory.released")
    return read_ended<released>;
  if (type == "inventory.hold_expired")
    return read_ended<hold_expired_event>;
  if (type == "inventory.allocated")
    return read_ended<allocated>;
  if (type == "inventory.taken_back")
    return read_ended<taken_back>;
  if (type == "inventory.low_stock")
    return [](const json& x) -> event {
      return low_stock{read_number<units_t>(x.at("available")), read_number<units_t>(x.at("threshold"))};
    };
  if (type == "inventory.hold_extended")
    return [](const json& x) -> event {
      return hold_extended{x.at("reservation").get<std::string>(), read_units(x), read_time(x.at("expires_at")),
                           x.at("again").get<bool>()};
    };
  return nullptr;
}

/// Writes an event's public data and answers its public name, null when it has none.
struct write_public {
  json_writer& out;

  const char* operator()(const adjusted& e) {
    out.member("previousQuantity", static_cast<std::int64_t>(e.available) - e.change)
      .member("availableQuantity", e.available)
      .member("inStock", e.available > 0);
    return "InventoryUpdated";
  }
  const char* operator()(const reserved& e) {
    write_reservation(e.id, e.units);
    out.member("expiresAt", to_rfc3339(e.expires_at));
    return "InventoryReserved";
  }
  const char* operator()(const released& e) { return write_returned(e.id, e.units, "released"); }
  const char* operator()(const hold_expired_event& e) { return write_returned(e.id, e.units, "expired"); }
  const char* operator()(const allocated& e) {
    write_reservation(e.id, e.units);
    return "InventoryAllocated";
  }
  const char* operator()(const taken_back& e) { return write_returned(e.id, e.units, "taken_back"); }
  const char* operator()(const low_stock& e) {
    out.member("availableQuantity", e.available).member("threshold", e.threshold);
    return "InventoryLowStock";
  }
  const char* operator()(const hold_extended& e) {
    return e.again ? (*this)(reserved{e.id, e.units, e.expires_at}) : nullptr; // Else no units moved.
  }

private:
  // A reservation's id is "<order>/<line>".
  void write_reservation(const reservation_id& id, units_t units) {
    out.member("reservationId", id.value);
    if (const auto slash = id.value.rfind('/'); slash != std::string::npos)
      out.member("orderId", std::string_view{id.value}.substr(0, slash));
    out.member("quantity", units);
  }

  const char* write_returned(const reservation_id& id, units_t units, const char* reason) {
    if (units == 0)
      return nullptr;
    write_reservation(id, units);
    out.member("reason", reason);
    return "InventoryReleased";
  }
};

ending read_ending(const json& x) {
  const auto value = read_number<std::uint8_t>(x);
  if (value < 1 || value > static_cast<std::uint8_t>(ending::taken_back))
    throw std::out_of_range{"unknown ending of a reservation"};
  return static_cast<ending>(value);
}

state read_state(const json& x) {
  state s;
  s.stocked = x.at("stocked").get<bool>();
  s.available = read_number<units_t>(x.at("available"));
  s.sold = read_number<std::uint64_t>(x.at("sold"));
  s.low = x.at("low").get<bool>();
  s.low_threshold = read_number<units_t>(x.at("low_threshold"));
  const auto& holds = x.at("holds");
  for (std::size_t i = 0; i < holds.size(); i += 3) {
    reservation_id id{holds.at(i).get<std::string>()};
    const hold held{read_number<units_t>(holds.at(i + 1)), read_time(holds.at(i + 2))};
    s.held += held.units;
    s.expiries.emplace(held.expires_at, id);
    s.holds.emplace(std::move(id), held);
  }
  const auto& past = x.at("past");
  for (std::size_t i = 0; i < past.size(); i += 4) {
    reservation_id id{past.at(i).get<std::string>()};
    const ended end{read_ending(past.at(i + 1)), read_number<units_t>(past.at(i + 2)), read_time(past.at(i + 3))};
    s.past.insert_or_assign(id, end);
    s.past_order.emplace_back(end.at, std::move(id));
  }
  return s;
}

} // namespace

journal::encoded_event encode(const event& e) {
  journal::encoded_event result;
  result.data.reserve(128);
  json_writer out{result.data};
  out.begin_object();
  std::visit(write_event{result, out}, e);
  out.end_object();
  return result;
}

caf::expected<event> decode(const journal::stored_event& x) {
  const auto read = find_reader(x.type);
  if (!read)
    return caf::make_error(ec::unknown_type, x.type);
  return journal::read_stored<event>(x.type, x.data, x.schema, {}, read); // Every type has schema 1 so far.
}

// Flat arrays, because there may be a hundred thousand entries: holds as id, units, expiry; past as id, ending, units,
// instant.
std::string encode_snapshot(const state& s) {
  std::string data;
  data.reserve(128 + 64 * (s.holds.size() + s.past.size()));
  json_writer out{data};
  out.begin_object()
    .member("stocked", s.stocked)
    .member("available", s.available)
    .member("sold", s.sold)
    .member("low", s.low)
    .member("low_threshold", s.low_threshold);
  out.key("holds").begin_array();
  for (const auto& [id, held] : s.holds)
    out.value(id.value).value(held.units).value(milliseconds(held.expires_at));
  out.end_array().key("past").begin_array();
  for (const auto& [at, id] : s.past_order) {
    const auto found = s.past.find(id);
    // An earlier entry of the same reservation only waits to be skipped.
    if (found == s.past.end() || found->second.at != at)
      continue;
    const auto& end = found->second;
    out.value(id.value).value(static_cast<unsigned>(end.how)).value(end.units).value(milliseconds(at));
  }
  out.end_array().end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("inventory snapshot", data, schema, {}, read_state);
}

std::optional<public_event> to_public(const journal::stored_event& x) {
  const auto e = decode(x);
  if (!e)
    return std::nullopt;
  std::string data;
  json_writer out{data};
  out.begin_object().member("productId", x.stream.key).member("variantId", x.stream.key);
  const auto* name = std::visit(write_public{out}, *e);
  out.end_object();
  if (!name)
    return std::nullopt;
  return make_public_event(x, name, std::move(data));
}

} // namespace troupe::inventory
