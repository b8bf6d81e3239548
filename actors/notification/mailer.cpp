#include "actors/notification/mailer.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::notification {

std::string to_string(category x) {
  return std::string{name_of(x)};
}

bool from_integer(std::uint8_t value, category& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, category& x) {
  return find_by_name(text, x);
}

std::string to_string(mail_refusal x) {
  return std::string{name_of(x)};
}

bool from_integer(std::uint8_t value, mail_refusal& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, mail_refusal& x) {
  return find_by_name(text, x);
}

} // namespace troupe::notification
