// tests/support/places.hpp: where the tests were built from, and where to.
#pragma once

#include <filesystem>

namespace troupe::test {

// Known to one file only, so that what is compiled in one checkout serves in another.
std::filesystem::path source_folder();
std::filesystem::path binary_folder();

} // namespace troupe::test
