// supervisors/public_forms.hpp: what the outside sees of each context's events, for outlets.
#pragma once

#include "actors/outlet/outlet_actor.hpp"

#include <string>

namespace troupe {

/// The public form of a context's events: none for one that concerns nobody outside, an error for one that this release
/// cannot read. Throws std::invalid_argument for a context without public events.
outlet::form_fn public_form_of(const std::string& context);

/// The same for events of any context: one without public events has none.
outlet::form_fn any_public_form();

} // namespace troupe
