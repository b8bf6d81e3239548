// tests/fuzz/prepare.cpp: what every entry point needs, once, before its first input.
#include "actors/kernel/caf.hpp"

#include <caf/init_global_meta_objects.hpp>

/// An error with a text holds a message, which needs its types.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  caf::init_global_meta_objects<caf::id_block::troupe_kernel>();
  caf::core::init_global_meta_objects();
  return 0;
}
