// supervisors/dead_letters/recorders.hpp: providers that write down what they are asked, and do nothing.
#pragma once

#include "actors/dead_letter/rehearsal.hpp"
#include "actors/notification/mailer.hpp"
#include "actors/payment/provider.hpp"
#include "supervisors/supervision/supervisor.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The calls, in their order. What is secret or personal in them stands as "redacted".
using recorded_calls = std::shared_ptr<std::vector<dead_letter::foreseen_call>>;

/// A payment provider that accepts everything and remembers no payment of before: asked for those with a reference it
/// answers those that were made with itself. The calls must be read on the thread of its actors.
payment::provider_actor spawn_payment_recorder(const supervision::place& where, const std::string& name,
                                               recorded_calls calls);

/// A mail provider that accepts everything.
notification::mailer_actor spawn_mail_recorder(const supervision::place& where, const std::string& name,
                                               recorded_calls calls);

} // namespace troupe
