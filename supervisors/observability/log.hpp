// supervisors/observability/log.hpp: one line per fact, as JSON for programs or as text for people.
#pragma once

#include "actors/kernel/json_writer.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::log {

enum class level : std::uint8_t { debug, info, warn, error };
enum class format : std::uint8_t { json, text };

/// A named value of a line. There is no way to pass a secret or personal data by its type: their types have no
/// conversion to text.
struct field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Lines go to standard error. Call once, before anything is logged; `node` stands in every line.
void set_up(level least, format form, std::string node);

/// May change while running.
void set_level(level least);

bool enabled(level x);

/// Nothing is formatted when the level is not enabled. Safe on any thread.
void write(level x, std::string_view message, std::initializer_list<field> fields = {});

inline void info(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::error, message, fields);
}

/// Nothing for a text that names no level.
std::optional<level> parse_level(std::string_view text);

/// What `write` passes on, without the line's end.
std::string render(format form, level x, time_point at, std::string_view node, std::string_view message,
                   std::initializer_list<field> fields);

} // namespace troupe::log
