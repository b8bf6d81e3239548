#include "supervisors/message_types.hpp"

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  troupe::register_message_types();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
