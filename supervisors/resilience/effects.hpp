// supervisors/resilience/effects.hpp: what a guard makes of an answer, and what it does when it has decided.
#pragma once

#include "actors/kernel/caf.hpp"
#include "supervisors/resilience/circuit_breaker.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::resilience {

/// How an attempt ended.
struct outcome {
  bool answered = true; // be it with a refusal in the business' own terms
  ec code{};
  std::optional<duration> asked;
};

inline outcome outcome_of(const caf::message& answer, bool changes_something) {
  if (!answer.match_elements<caf::error>())
    return {};
  const auto& error = answer.get_as<caf::error>(0);
  if (error.category() == caf::type_id_v<ec>)
    return {false, code_of(error), wait_of(error)};
  if (error.category() == caf::type_id_v<caf::sec> || error.category() == caf::type_id_v<caf::exit_reason>)
    return {false, changes_something ? ec::interrupted : ec::unavailable, std::nullopt}; // It broke off.
  return {};
}

/// What is done when the lock is free again: whom it reaches may come back at once.
struct effects {
  struct sending {
    caf::strong_actor_ptr to;
    caf::mailbox_element_ptr what;
  };
  struct ended_attempt {
    std::size_t operation;
    outcome how;
    bool attempted;
    duration took;
    caf::message question;
  };
  struct noted {
    std::string_view what;
    std::string_view operation;
    std::string why;
    request_context context;
  };

  void send(caf::strong_actor_ptr to, caf::mailbox_element_ptr what) {
    if (!first.what)
      first = {std::move(to), std::move(what)};
    else
      more.push_back({std::move(to), std::move(what)});
  }

  sending first; // mostly the only one: it costs no allocation
  std::optional<ended_attempt> ended;
  std::vector<sending> more;
  std::vector<ended_attempt> more_ended;
  std::vector<noted> notes;
  std::vector<breaker_state> breaker;
};

} // namespace troupe::resilience
