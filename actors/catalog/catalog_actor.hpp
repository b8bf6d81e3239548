// actors/catalog/catalog_actor.hpp: a product, as the rest of the system sees it.
#pragma once

#include "actors/catalog/catalog.hpp"
#include "actors/entity/context.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::catalog {

struct get_product {
  sku_id sku;
};

struct product {
  sku_id sku;
  std::string title;
  money price;
  std::uint64_t version = 0; // 1 when it was created just now
};

using catalog_actor = caf::typed_actor<
  // Fails with no_title, price_not_positive.
  caf::result<product>(request_context, put_product),
  // Fails with unknown_product.
  caf::result<product>(request_context, get_product)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, put_product& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("title", x.title), f.field("price", x.price));
}
template <class Inspector> bool inspect(Inspector& f, get_product& x) {
  return f.object(x).fields(f.field("sku", x.sku));
}
template <class Inspector> bool inspect(Inspector& f, product& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("title", x.title), f.field("price", x.price),
                            f.field("version", x.version));
}

} // namespace troupe::catalog

CAF_BEGIN_TYPE_ID_BLOCK(troupe_catalog, caf::first_custom_type_id + 600)
  CAF_ADD_TYPE_ID(troupe_catalog, (troupe::catalog::put_product))
  CAF_ADD_TYPE_ID(troupe_catalog, (troupe::catalog::get_product))
  CAF_ADD_TYPE_ID(troupe_catalog, (troupe::catalog::product))
  CAF_ADD_TYPE_ID(troupe_catalog, (troupe::catalog::rejection))
CAF_END_TYPE_ID_BLOCK(troupe_catalog)

CAF_ERROR_CODE_ENUM(troupe::catalog::rejection)
