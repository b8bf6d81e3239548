// supervisors/supervision/failure.hpp: why a message did not reach a child, or a supervisor gave up.
#pragma once

#include <caf/default_enum_inspect.hpp>
#include <caf/is_error_code_enum.hpp>
#include <caf/string_view.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <string>

namespace troupe::supervision {

/// None of the first three was seen by the child: nothing was done, and the same message may be sent again.
enum class failure : std::uint8_t {
  waited_too_long = 1, // for the child's restart
  buffer_full,         // too many wait for the child's restart already
  stopped,             // the child is never started again
  restarted_too_often, // a supervisor's end
};

std::string to_string(failure x);
bool from_string(caf::string_view text, failure& x);
bool from_integer(std::uint8_t value, failure& x);

template <class Inspector> bool inspect(Inspector& f, failure& x) {
  return caf::default_enum_inspect(f, x);
}

} // namespace troupe::supervision

CAF_BEGIN_TYPE_ID_BLOCK(troupe_supervision, caf::first_custom_type_id + 1400)
  CAF_ADD_TYPE_ID(troupe_supervision, (troupe::supervision::failure))
CAF_END_TYPE_ID_BLOCK(troupe_supervision)

CAF_ERROR_CODE_ENUM(troupe::supervision::failure)
