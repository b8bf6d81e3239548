// supervisors/sandbox/state_log.hpp: lines that survive the process.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::sandbox {

/// An append-only file of lines. What append has answered is there after a `kill -9` of the process; it is not synced,
/// so a machine that loses power may lose the latest lines: a sandbox moves no real money. One process at a time.
class state_log {
public:
  /// Opens or creates the file and gives each of its lines to `replay`. A last line without its end was never answered
  /// and is cut off. Throws std::runtime_error, which says what to do, when the file cannot be opened or belongs to
  /// another process or program, or when `replay` does not accept a line; the file is then as it was.
  state_log(const std::string& path, const std::function<bool(std::string_view line)>& replay);
  state_log(const state_log&) = delete;
  state_log& operator=(const state_log&) = delete;
  ~state_log();

  /// Adds a line, which has no line break. False when the disk does not take it; then nothing was added.
  bool append(std::string_view line);

  /// Drops all lines. False when the file cannot be cut.
  bool clear();

private:
  void read(const std::string& path, const std::function<bool(std::string_view line)>& replay);

  int file_ = -1;
  std::int64_t size_ = 0; // of whole lines
  bool torn_ = false;     // there is a part of a line after them that could not be cut off
  std::string buffer_;
};

} // namespace troupe::sandbox
