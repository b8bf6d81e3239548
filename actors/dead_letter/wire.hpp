// actors/dead_letter/wire.hpp: how dead letters and replay jobs travel in messages.
#pragma once

#include "actors/dead_letter/dead_letter.hpp"
#include "actors/dead_letter/replay_job.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/kernel/enum_names.hpp"

namespace troupe::dead_letter {

template <class Inspector> bool inspect(Inspector& f, source& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, status& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, reference& x) {
  return f.object(x).fields(f.field("context", x.context), f.field("key", x.key), f.field("version", x.version),
                            f.field("effect", x.effect));
}
template <class Inspector> bool inspect(Inspector& f, letter& x) {
  return f.object(x).fields(f.field("source", x.source), f.field("code", x.code), f.field("place", x.place),
                            f.field("summary", x.summary), f.field("about", x.about), f.field("sealed", x.sealed),
                            f.field("attempts", x.attempts), f.field("origin", x.origin), f.field("trace", x.trace));
}
template <class Inspector> bool inspect(Inspector& f, record& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("letter", x.letter), f.field("occurrence", x.occurrence));
}
template <class Inspector> bool inspect(Inspector& f, replay& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("reason", x.reason), f.field("job", x.job));
}
template <class Inspector> bool inspect(Inspector& f, discard& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, action& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("at", x.at), f.field("by", x.by),
                            f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, state& x) {
  return f.object(x).fields(f.field("status", x.status), f.field("letter", x.letter),
                            f.field("recorded_at", x.recorded_at), f.field("occurrences", x.occurrences),
                            f.field("replays", x.replays), f.field("last_job", x.last_job),
                            f.field("actions", x.actions));
}
template <class Inspector> bool inspect(Inspector& f, cursor& x) {
  return f.object(x).fields(f.field("recorded_at", x.recorded_at), f.field("id", x.id));
}

namespace job {

template <class Inspector> bool inspect(Inspector& f, status& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, begin& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("group", x.group),
                            f.field("rate_per_second", x.rate_per_second), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, stop_job& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, state& x) {
  return f.object(x).fields(
    f.field("status", x.status), f.field("group", x.group), f.field("rate_per_second", x.rate_per_second),
    f.field("reason", x.reason), f.field("by", x.by), f.field("begun_at", x.begun_at), f.field("last_at", x.last_at),
    f.field("done", x.done), f.field("replayed", x.replayed), f.field("failed", x.failed),
    f.field("skipped", x.skipped), f.field("stop_reason", x.stop_reason), f.field("stopped_by", x.stopped_by));
}

} // namespace job

} // namespace troupe::dead_letter
