#include "actors/kernel/caf.hpp"

namespace troupe {

bool from_integer(std::uint8_t value, ec& x) {
  x = static_cast<ec>(value);
  return name_of(x) != "invalid";
}

bool from_string(caf::string_view text, ec& x) {
  for (std::uint8_t value = 1; from_integer(value, x); ++value)
    if (std::string_view{text.data(), text.size()} == name_of(x))
      return true;
  return false;
}

caf::error make_failure(ec code, duration wait, std::string why) {
  const auto milliseconds = static_cast<std::int64_t>(wait.count());
  return why.empty() ? caf::make_error(code, milliseconds) : caf::make_error(code, milliseconds, std::move(why));
}

std::optional<duration> wait_of(const caf::error& x) {
  if (x.category() != caf::type_id_v<ec>)
    return std::nullopt;
  const auto& context = x.context();
  if (context.empty() || !context.match_element<std::int64_t>(0))
    return std::nullopt;
  return duration{context.get_as<std::int64_t>(0)};
}

std::string reason_of(const caf::error& x) {
  const auto& context = x.context();
  if (!wait_of(x) || context.size() < 2 || !context.match_element<std::string>(1))
    return {};
  return context.get_as<std::string>(1);
}

} // namespace troupe
