#include "supervisors/public_forms.hpp"

#include "actors/catalog/catalog_entity.hpp"
#include "actors/inventory/inventory_entity.hpp"
#include "actors/order/order_entity.hpp"

#include <map>
#include <stdexcept>

namespace troupe {

namespace {

/// What cannot be read has no public form either, and must not pass for an event that has none.
template <class Decode, class ToPublic> outlet::form_fn form_of(Decode decode, ToPublic to_public) {
  return [decode, to_public](const journal::stored_event& x) -> caf::expected<std::optional<public_event>> {
    if (auto form = to_public(x))
      return form;
    const auto event = decode(x);
    if (!event)
      return event.error();
    return std::optional<public_event>{};
  };
}

} // namespace

outlet::form_fn public_form_of(const std::string& context) {
  if (context == order::traits::context)
    return form_of(order::decode, order::to_public);
  if (context == inventory::traits::context)
    return form_of(inventory::decode, inventory::to_public);
  if (context == catalog::traits::context)
    return form_of(catalog::decode, catalog::to_public);
  throw std::invalid_argument{"the context " + context + " has no public events"};
}

outlet::form_fn any_public_form() {
  std::map<std::string, outlet::form_fn> forms;
  for (const std::string context : {order::traits::context, inventory::traits::context, catalog::traits::context})
    forms.emplace(context, public_form_of(context));
  return [forms = std::move(forms)](const journal::stored_event& x) -> caf::expected<std::optional<public_event>> {
    const auto found = forms.find(x.stream.context);
    return found == forms.end() ? std::optional<public_event>{} : found->second(x);
  };
}

} // namespace troupe
