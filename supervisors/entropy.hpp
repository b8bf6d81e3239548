// supervisors/entropy.hpp: the one place that reads the machine's clock and randomness.
#pragma once

#include "actors/kernel/time.hpp"
#include "actors/kernel/uuid.hpp"

namespace troupe {

/// The wall clock. Safe on any thread.
clock_fn system_clock();

/// 64 random bits a call, from a generator per thread that the kernel seeds. Safe on any thread. Not for secrets.
random_fn system_random();

/// `bytes` random bytes of the kernel as hex digits: for secrets. Throws std::runtime_error when there are none.
std::string random_secret(std::size_t bytes);

} // namespace troupe
