// adapters/email/built_in.hpp: the templates that are part of the program.
#pragma once

#include <span>
#include <string_view>

namespace troupe::email {

struct built_in_template {
  std::string_view name;
  std::string_view subject;
  std::string_view text;
  std::string_view html;
  std::string_view sample; // a model to look at it with
};

std::span<const built_in_template> built_in_templates();

} // namespace troupe::email
