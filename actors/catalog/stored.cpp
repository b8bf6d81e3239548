#include "actors/catalog/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::catalog {

namespace {

using nlohmann::json;

void write_money(json_writer& out, std::string_view name, const money& x) {
  out.key(name).begin_object().member("minor", x.minor).member("currency", x.currency.code()).end_object();
}

money read_money(const json& x) {
  const auto code = currency::parse(x.at("currency").get_ref<const std::string&>());
  if (!code)
    throw std::out_of_range{"unknown currency"};
  return {journal::read_number<std::int64_t>(x.at("minor")), *code};
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const product_created& e) {
    result.type = "catalog.product_created";
    out.member("title", e.title);
    write_money(out, "price", e.price);
  }
  void operator()(const product_retitled& e) {
    result.type = "catalog.product_retitled";
    out.member("title", e.title);
  }
  void operator()(const price_changed& e) {
    result.type = "catalog.price_changed";
    write_money(out, "from", e.from);
    write_money(out, "to", e.to);
  }
};

using reader = event (*)(const json&);

reader find_reader(std::string_view type) {
  if (type == "catalog.product_created")
    return [](const json& x) -> event {
      return product_created{x.at("title").get<std::string>(), read_money(x.at("price"))};
    };
  if (type == "catalog.product_retitled")
    return [](const json& x) -> event { return product_retitled{x.at("title").get<std::string>()}; };
  if (type == "catalog.price_changed")
    return [](const json& x) -> event { return price_changed{read_money(x.at("from")), read_money(x.at("to"))}; };
  return nullptr;
}

void write_price(json_writer& out, std::string_view name, const money& x) {
  out.key(name).begin_object().member("amount", x.minor).member("currency", x.currency.code()).end_object();
}

/// Writes an event's public data and answers its public name.
struct write_public {
  json_writer& out;

  const char* operator()(const product_created& e) {
    out.member("title", e.title);
    write_price(out, "price", e.price);
    return "ProductCreated";
  }
  const char* operator()(const product_retitled& e) {
    out.member("title", e.title);
    return "ProductUpdated";
  }
  const char* operator()(const price_changed& e) {
    write_price(out, "previousPrice", e.from);
    write_price(out, "price", e.to);
    return "PriceUpdated";
  }
};

state read_state(const json& x) {
  state s;
  s.exists = x.at("exists").get<bool>();
  if (s.exists) {
    s.title = x.at("title").get<std::string>();
    s.price = read_money(x.at("price"));
  }
  return s;
}

} // namespace

journal::encoded_event encode(const event& e) {
  journal::encoded_event result;
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

std::string encode_snapshot(const state& s) {
  std::string data;
  json_writer out{data};
  out.begin_object().member("exists", s.exists);
  if (s.exists) {
    out.member("title", s.title);
    write_money(out, "price", s.price);
  }
  out.end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("catalog snapshot", data, schema, {}, read_state);
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
  return make_public_event(x, name, std::move(data));
}

} // namespace troupe::catalog
