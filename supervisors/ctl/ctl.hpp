// supervisors/ctl/ctl.hpp: `troupe ctl`: what operators ask a running node, through its HTTP API.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace troupe::ctl {

struct target {
  std::string commerce_url;   // "http://127.0.0.1:9001"
  std::string operations_url; // "http://127.0.0.1:7777"
  std::string sandbox_url;    // "http://127.0.0.1:7778"
  std::string operator_key;   // empty: what is open to everybody
  bool json = false;          // the API's own answers, for programs
  bool color = false;
};

// Each prints its answer on standard output or a reason on standard error, and returns the exit status: 0 for an
// answer, 1 for a refusal, 2 when nobody answered.

/// An order: status, lines, amounts and timeline.
int show_order(const target& where, const std::string& id);

/// An order's public events, oldest first.
int show_events(const target& where, const std::string& id);

/// Which of the journal's events to show; what is empty says nothing.
struct event_query {
  std::string context;
  std::string type;
  std::string key;
  unsigned limit = 100;
};

/// How far back the node looks for them, in events.
inline constexpr std::uint64_t looked_back_max = 10'000;

/// The journal's newest events, newest first, without personal data.
int show_event_log(const target& where, const event_query& of);

/// The same oldest first, and what comes after them, until the node does not answer or the program is interrupted.
int follow_event_log(const target& where, const event_query& of, duration between = duration{1'000});

int cancel_order(const target& where, const std::string& id, const std::string& reason);

int capture_order(const target& where, const std::string& id);

int show_stock(const target& where, const std::string& sku);

/// What the node depends on, and since when. Returns 1 as well when the node is not ready.
int show_health(const target& where);

/// The supervision tree: each part's state, restarts, last error and mailbox.
int show_tree(const target& where);

/// Clears the screen and shows it again each second, until `show` fails or the program is interrupted.
int watch(const std::function<int()>& show);
/// The guards in front of other services: breaker, line, retry budget, rate.
int show_guards(const target& where);

/// A guard's rules and what it decided lately, and why.
int explain_guard(const target& where, const std::string& name);

/// What was tried for an order and when, why it was repeated or not, and what is left of budget and rate of the guards
/// that it met.
int explain_order(const target& where, const std::string& id);

/// Holds a guard's breaker "open" or "closed", or leaves it to its rules with "auto".
int set_breaker(const target& where, const std::string& name, const std::string& mode, const std::string& reason);

/// Puts a guard under a named policy (empty: the one it has), with rules such as "retry.attempts=2" changed.
int set_policy(const target& where, const std::string& name, const std::string& policy,
               const std::vector<std::string>& rules, const std::string& reason);

/// Sends a test event to the operators' webhook. Fails when it was not delivered.
int test_webhook(const target& where, const std::string& reason);

/// Open dead letters: their groups, or the letters of one ("all": of each).
int list_dead_letters(const target& where, const std::string& group);

int show_dead_letter(const target& where, const std::string& id);

int replay_dead_letter(const target& where, const std::string& id, const std::string& reason);

/// Shows what the replay of a letter, or of a group's first letters, would do. Nothing is done.
int rehearse_dead_letter(const target& where, const std::string& id, const std::string& reason);
int rehearse_dead_letters(const target& where, const std::string& group, const std::string& reason);

int discard_dead_letter(const target& where, const std::string& id, const std::string& reason);

/// Begins a job that replays a group, `rate` letters a second.
int replay_dead_letters(const target& where, const std::string& group, const std::string& reason, unsigned rate);

int show_replay_job(const target& where, const std::string& id);

/// What is paused, by whom and why.
int show_pauses(const target& where);

/// The nodes of the cluster; with `shards`, every shard, too.
int show_cluster(const target& where, bool shards);

/// Has a node hand over all that it owns; returns when it has.
int drain_node(const target& where, const std::string& node, const std::string& reason);

/// `what` is "provider/<name>", "outlet/<name>", "saga/order" or "order/<id>".
int begin_pause(const target& where, const std::string& what, const std::string& reason);
int end_pause(const target& where, const std::string& what, const std::string& reason);

/// Puts the sandbox's payment provider out of order (`PUT /_sandbox/faults`), or in order again.
int set_outage(const target& where, bool out);

enum class mail_part { all, text, html };

/// Renders a mail template with a sample model, the built-in one or that in `folder`. Asks no node.
int preview_mail(const std::string& folder, const std::string& name, mail_part part);

} // namespace troupe::ctl
