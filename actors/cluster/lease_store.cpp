#include "actors/cluster/lease_store.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::cluster {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::name_taken: return "name_taken";
    case rejection::lease_lost: return "lease_lost";
    case rejection::shards_held: return "shards_held";
    case rejection::not_valid: return "not_valid";
  }
  return "invalid";
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

} // namespace troupe::cluster
