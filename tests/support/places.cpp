#include "tests/support/places.hpp"

namespace troupe::test {

std::filesystem::path source_folder() {
  return TROUPE_SOURCE_DIR;
}

std::filesystem::path binary_folder() {
  return TROUPE_BINARY_DIR;
}

} // namespace troupe::test
