// supervisors/operator_key.hpp: the key that administrative routes ask for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace troupe {

struct operator_key {
  std::filesystem::path file;
  std::string key;
  bool made = false; // just now
};

/// Reads the key from `file`, or makes one there that only this user can read (mode 0600): 32 random bytes in hex.
/// Throws std::runtime_error naming the file when it is empty, open to others, or cannot be read or written. `what` is
/// the key's name for people.
operator_key load_operator_key(const std::filesystem::path& file, std::string_view what = "operator key");

/// The key in `file`, for whoever asks with it. Throws std::runtime_error naming the file when there is none.
std::string read_operator_key(const std::filesystem::path& file);

} // namespace troupe
