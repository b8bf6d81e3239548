#include "actors/dead_letter/replay_job.hpp"

namespace troupe::dead_letter::job {

namespace {

struct fold {
  state& s;
  time_point at;

  void operator()(const begun& e) {
    s.status = status::running;
    s.group = e.group;
    s.rate_per_second = e.rate_per_second;
    s.reason = e.reason;
    s.by = e.by;
    s.begun_at = at;
  }
  void operator()(const advanced& e) {
    s.done = e.to;
    s.replayed += e.replayed;
    s.failed += e.failed;
    s.skipped += e.skipped;
  }
  void operator()(const ended&) { s.status = status::ended; }
  void operator()(const stopped& e) {
    s.status = status::stopped;
    s.stop_reason = e.reason;
    s.stopped_by = e.by;
  }
};

} // namespace

std::string_view name_of(status x) {
  switch (x) {
    case status::none: return "none";
    case status::running: return "running";
    case status::ended: return "ended";
    case status::stopped: return "stopped";
  }
  return "invalid";
}

void state::apply(const event& e, time_point at) {
  last_at = at;
  std::visit(fold{*this, at}, e); // A new event without an overload does not compile.
}

decision decide(const state& s, const begin& cmd, const std::string& by) {
  if (cmd.reason.empty())
    return rejection::no_reason;
  if (cmd.rate_per_second == 0 || cmd.rate_per_second > rate_max)
    return rejection::wrong_rate;
  if (s.status != status::none)
    return std::vector<event>{};
  return std::vector<event>{begun{cmd.group, cmd.rate_per_second, cmd.reason.substr(0, reason_max), by}};
}

decision decide(const state& s, const stop_job& cmd, const std::string& by) {
  if (s.status == status::none)
    return rejection::unknown_job;
  if (cmd.reason.empty())
    return rejection::no_reason;
  if (s.status != status::running)
    return std::vector<event>{};
  return std::vector<event>{stopped{cmd.reason.substr(0, reason_max), by}};
}

decision decide(const state& s, const note_progress& cmd) {
  if (s.status == status::none)
    return rejection::unknown_job;
  if (cmd.to <= s.done)
    return std::vector<event>{};
  return std::vector<event>{advanced{cmd.to, cmd.replayed, cmd.failed, cmd.skipped}};
}

decision decide(const state& s, const note_end&) {
  if (s.status != status::running)
    return std::vector<event>{};
  return std::vector<event>{ended{}};
}

} // namespace troupe::dead_letter::job
