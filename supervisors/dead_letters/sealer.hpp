// supervisors/dead_letters/sealer.hpp: encrypts what a dead letter must keep and nobody should read.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// AES-256-GCM. Safe on any thread.
class sealer {
public:
  /// Reads the key from `file`, or makes one there that only this user can read. Throws std::runtime_error naming the
  /// file. Without it nothing that it sealed is ever read again: back it up with the store, and apart from it.
  explicit sealer(const std::filesystem::path& file);

  /// `text`, encrypted for `subject` alone: under another one it does not open. Each time another string.
  std::string seal(std::string_view text, std::string_view subject) const;

  /// Nothing for what was sealed with another key or for another subject, or was changed since.
  std::optional<std::string> open(std::string_view sealed, std::string_view subject) const;

private:
  std::array<unsigned char, 32> key_{};
};

} // namespace troupe
