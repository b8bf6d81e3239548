#include "actors/dead_letter/dead_letter_actor.hpp"

#include "actors/kernel/enum_names.hpp"
#include "actors/kernel/hash.hpp"

namespace troupe::dead_letter {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::unknown_letter: return "unknown_letter";
    case rejection::no_reason: return "no_reason";
    case rejection::not_open: return "not_open";
    case rejection::replaying: return "replaying";
    case rejection::not_replayable: return "not_replayable";
    case rejection::too_many_replays: return "too_many_replays";
    case rejection::too_large: return "too_large";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

namespace job {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::unknown_job: return "unknown_job";
    case rejection::no_reason: return "no_reason";
    case rejection::wrong_rate: return "wrong_rate";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace job

std::string group_of(const cause& x) {
  auto sum = fnv1a(name_of(x.source));
  for (const std::string_view part : {std::string_view{x.code}, std::string_view{x.place}})
    sum = fnv1a(part, fnv1a("\n", sum));
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4)
    out += digits[(sum >> shift) & 15];
  return out;
}

} // namespace troupe::dead_letter
