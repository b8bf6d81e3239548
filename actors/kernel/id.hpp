// actors/kernel/id.hpp: identifiers that cannot be mistaken for one another.
#pragma once

#include <compare>
#include <string>
#include <utility>

namespace troupe {

/// A string that cannot be passed where another kind of id is meant.
template <class Tag> struct id {
  std::string value;

  id() = default;
  id(std::string text) : value(std::move(text)) {}
  id(const char* text) : value(text) {}

  auto operator<=>(const id&) const = default;
};

template <class Inspector, class Tag> bool inspect(Inspector& f, id<Tag>& x) {
  return f.apply(x.value);
}

using order_id = id<struct order_tag>;             // a UUIDv7
using sku_id = id<struct sku_tag>;                 // the shop's own name of what it sells
using customer_id = id<struct customer_tag>;       // the shop's own name of who buys
using reservation_id = id<struct reservation_tag>; // order and line: "<order>/<line>"
using payment_id = id<struct payment_tag>;         // given by the provider

} // namespace troupe
