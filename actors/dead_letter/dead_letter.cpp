#include "actors/dead_letter/dead_letter.hpp"

#include "actors/kernel/uuid.hpp"

namespace troupe::dead_letter {

namespace {

/// At most `bytes` of `text`, and no part of a character.
std::string cut(std::string text, std::size_t bytes) {
  if (text.size() <= bytes)
    return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80)
    --bytes;
  text.resize(bytes);
  return text;
}

struct fold {
  state& s;
  time_point at;

  void operator()(const recorded& e) {
    s.status = status::open;
    s.letter = e.letter;
    s.recorded_at = at;
    s.occurrences = 1;
  }
  void operator()(const replay_requested& e) {
    s.status = status::replaying;
    ++s.replays;
    s.last_job = e.job;
    s.actions.push_back({"replay_requested", at, e.by, e.reason});
  }
  void operator()(const replayed&) {
    s.status = status::replayed;
    s.actions.push_back({"replayed", at, {}, {}});
  }
  void operator()(const replay_failed& e) {
    s.status = status::open;
    s.actions.push_back({"replay_failed", at, {}, to_string(e.code)});
  }
  void operator()(const discarded& e) {
    s.status = status::discarded;
    s.actions.push_back({"discarded", at, e.by, e.reason});
  }
  void operator()(const recurred& e) {
    s.status = status::open;
    s.letter.code = e.code;
    s.letter.summary = e.summary;
    s.letter.attempts = e.attempts;
    s.recorded_at = at;
    s.occurrences = e.occurrence;
    s.actions.push_back({"recurred", at, {}, e.code});
  }
};

} // namespace

std::string_view name_of(source x) {
  switch (x) {
    case source::undeliverable_message: return "undeliverable_message";
    case source::exhausted_effect: return "exhausted_effect";
    case source::poisoned_event: return "poisoned_event";
    case source::outlet_gave_up: return "outlet_gave_up";
    case source::refused_webhook: return "refused_webhook";
  }
  return "invalid";
}

std::optional<source> parse_source(std::string_view name) {
  for (std::uint8_t number = 1; name_of(static_cast<source>(number)) != "invalid"; ++number)
    if (name_of(static_cast<source>(number)) == name)
      return static_cast<source>(number);
  return std::nullopt;
}

std::string_view name_of(status x) {
  switch (x) {
    case status::none: return "none";
    case status::open: return "open";
    case status::replaying: return "replaying";
    case status::replayed: return "replayed";
    case status::discarded: return "discarded";
  }
  return "invalid";
}

letter_id id_of(std::string_view name) {
  return make_named_uuid("dead_letter/" + std::string{name});
}

std::string replay_key(const letter_id& id, std::uint32_t replay) {
  return id.value + "/replay/" + std::to_string(replay);
}

void state::apply(const event& e, time_point at) {
  std::visit(fold{*this, at}, e); // A new event without an overload does not compile.
}

decision decide(const state& s, const record& cmd) {
  if (cmd.occurrence <= s.occurrences)
    return std::vector<event>{};
  recurred again{cmd.occurrence, cut(cmd.letter.code, label_max), cut(cmd.letter.summary, summary_max),
                 cmd.letter.attempts};
  if (s.status != status::none) // Even while a replay is on its way: that one has come to this.
    return std::vector<event>{std::move(again)};
  if (cmd.letter.sealed.size() > sealed_max)
    return rejection::too_large;
  auto kept = cmd.letter;
  kept.code = cut(std::move(kept.code), label_max);
  kept.place = cut(std::move(kept.place), label_max);
  kept.origin = cut(std::move(kept.origin), label_max);
  kept.summary = cut(std::move(kept.summary), summary_max);
  std::vector<event> result{recorded{std::move(kept)}};
  if (cmd.occurrence > 1)
    result.emplace_back(std::move(again));
  return result;
}

decision decide(const state& s, const replay& cmd, const std::string& by, bool can_replay) {
  if (s.status == status::none)
    return rejection::unknown_letter;
  if (cmd.reason.empty())
    return rejection::no_reason;
  const bool asked_before = !cmd.job.empty() && cmd.job == s.last_job;
  if (s.status == status::replaying || asked_before)
    return std::vector<event>{};
  if (s.status != status::open)
    return rejection::not_open;
  if (!can_replay)
    return rejection::not_replayable;
  if (s.replays >= replays_max)
    return rejection::too_many_replays;
  return std::vector<event>{replay_requested{cut(cmd.reason, reason_max), by, cmd.job}};
}

decision decide(const state& s, const note_replay& cmd) {
  if (s.status != status::replaying || cmd.replay != s.replays)
    return std::vector<event>{};
  if (cmd.failed)
    return std::vector<event>{replay_failed{cmd.replay, *cmd.failed}};
  return std::vector<event>{replayed{cmd.replay}};
}

decision decide(const state& s, const discard& cmd, const std::string& by) {
  if (s.status == status::none)
    return rejection::unknown_letter;
  if (cmd.reason.empty())
    return rejection::no_reason;
  if (s.status == status::discarded)
    return std::vector<event>{};
  if (s.status == status::replaying)
    return rejection::replaying;
  if (s.status != status::open)
    return rejection::not_open;
  return std::vector<event>{discarded{cut(cmd.reason, reason_max), by}};
}

} // namespace troupe::dead_letter
