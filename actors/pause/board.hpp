// actors/pause/board.hpp: what is paused now, for whoever must know before each of its steps.
#pragma once

#include "actors/kernel/live.hpp"
#include "actors/pause/pause.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::pause {

/// Beyond it nothing more is paused: each change of the board is a copy that is kept.
inline constexpr std::size_t paused_max = 500;

/// Things that go on again, of which it is remembered for other nodes.
inline constexpr std::size_t resumed_max = 2'000;

struct posted {
  target what;
  paused how;

  bool operator==(const posted&) const = default;
};

/// When something stood still before.
struct past {
  target what;
  std::vector<span> ended;

  bool operator==(const past&) const = default;
};

/// How one thing stands, as its journal had it at a version: what nodes tell each other.
struct fact {
  target what;
  std::optional<paused> is;  // nothing while it goes on
  std::vector<span> ended;   // when it stood still before
  std::uint64_t version = 0; // of its stream

  bool operator==(const fact&) const = default;
};

/// All that is paused at one moment. Until the journal was read nothing is known, and then everything counts as paused:
/// a node that starts must not do what was forbidden before it ended.
class board {
public:
  board() = default; // nothing is paused
  static board unknown();

  /// What mostly holds: it is known that nothing at all is paused.
  bool is_clear() const { return known_ && posted_.empty(); }
  bool is_known() const { return known_; }

  /// Null when it goes on, or when nothing is known.
  const paused* find(kind of, std::string_view name) const;

  /// Whether it may not go on.
  bool stops(kind of, std::string_view name) const { return !known_ || (!posted_.empty() && find(of, name)); }

  /// For how much of the time from `since` to `until` an outlet or a provider stood still, pauses that have ended
  /// alone.
  duration stood_still(kind of, std::string_view name, time_point since, time_point until) const;

  /// Sorted by kind and name.
  const std::vector<std::shared_ptr<const posted>>& all() const { return posted_; }

  bool operator==(const board& other) const = default;

private:
  friend class registry;

  bool known_ = true;
  std::vector<std::shared_ptr<const posted>> posted_;
  std::vector<std::shared_ptr<const past>> past_; // sorted likewise; of outlets and providers
};

/// Where what is paused is put up. Safe on any thread.
class registry {
public:
  explicit registry(board first = board::unknown());

  /// The present board: copies read what is put up later.
  const live<board>& published() const { return published_; }

  /// `how` is durable: nothing when the thing was resumed. `ended` is when it stood still before.
  void put(const target& what, const std::optional<paused>& how, const std::vector<span>& ended = {});

  /// The same of what the journal says at a version; what is older than what is known changes nothing. With
  /// `announces`, whoever is to tell other nodes hears of it.
  void put(const fact& x, bool announces);

  /// What was put with a version, the latest of each thing.
  std::vector<fact> facts() const;

  /// Told as told_fn is, of what this node found out itself.
  void announce(std::function<void(const fact&)> to);

  /// What the journal said when the node started. What was put up meanwhile is newer and counts.
  void know(const std::vector<posted>& found, const std::vector<past>& ended = {});

  /// Told of each change after it is on the board, and with `how` empty of what was resumed. On any thread, one at a
  /// time; returns at once.
  using told_fn = std::function<void(const target& what, const std::optional<paused>& how)>;
  void observe(told_fn told);

private:
  void put_up(const target& what, const std::optional<paused>& how, const std::vector<span>& ended);
  bool set(board& next, const target& what, const std::optional<paused>& how) const;
  static void remember(board& next, const target& what, const std::vector<span>& ended);

  mutable std::mutex mutex_;
  live<board> published_;
  std::set<target> put_; // before everything was known
  std::vector<told_fn> told_;
  std::map<target, fact> facts_;
  std::function<void(const fact&)> announce_;
};

using registry_ptr = std::shared_ptr<registry>;

} // namespace troupe::pause
