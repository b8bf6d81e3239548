#include "supervisors/message_types.hpp"

#include <gtest/gtest.h>

/// libpqxx 6 forgets the result of a statement during which a connection breaks.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:pqxx::connection_base::";
}

int main(int argc, char** argv) {
  troupe::register_message_types();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
