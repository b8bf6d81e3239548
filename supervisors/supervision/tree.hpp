// supervisors/supervision/tree.hpp: what can be seen of a supervision tree while it runs.
#pragma once

#include "actors/kernel/time.hpp"
#include "supervisors/supervision/plan.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::supervision {

enum class condition : std::uint8_t {
  starting = 1,
  up,
  waiting,  // for its restart
  stopping, // was asked to end
  ended,    // and is never started again
};
std::string_view name_of(condition x);

/// Those that a child looks after itself, found by a key: thousands, so that none has a row of its own.
struct keyed_children {
  std::size_t live = 0;
  std::uint64_t failures = 0; // that ended one of them, since the node started

  bool operator==(const keyed_children&) const = default;
};

/// A supervisor or a child.
struct row {
  std::string path;  // "node/store/journal"
  std::string about; // a supervisor's strategy; empty for a child
  condition is = condition::starting;
  time_point since;                    // when it became so
  std::uint32_t restarts = 0;          // since the node started
  std::string last_error;              // why it ended the last time; empty as long as it has not
  time_point failed_at;                // meaningless without last_error
  std::size_t mailbox = 0;             // messages, at the last look
  duration oldest{0};                  // how long the oldest message has waited, at least
  std::size_t buffered = 0;            // messages that wait for a restart
  std::optional<keyed_children> keyed; // at the last look
};

/// The present state of every part of a node. Safe on any thread.
class tree {
public:
  /// Sorted by path, so that a supervisor stands before its children.
  std::vector<row> rows(instant now) const;

  // ---- for supervisors

  void describe(const std::string& path, std::string about);
  void set(const std::string& path, condition is, time_point at);
  void failed(const std::string& path, std::string error, time_point at);
  void restarted(const std::string& path);
  void buffered(const std::string& path, std::size_t messages);
  void keyed(const std::string& path, keyed_children now);

  /// A look into a mailbox is on its way, as a message; until it comes out, the oldest message is at least that old.
  /// False while an earlier one is.
  bool ask(const std::string& path, instant now);
  void looked(const std::string& path, std::size_t mailbox, instant asked, instant now);

private:
  struct entry {
    row about;
    std::optional<instant> asked; // the look that is on its way
  };

  entry& at(const std::string& path);

  mutable std::mutex mutex_;
  std::map<std::string, entry> entries_;
};

} // namespace troupe::supervision
