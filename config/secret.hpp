// config/secret.hpp: a value that must not be shown.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace troupe::config {

/// Text that prints as ***. Only what hands it to the other side calls reveal().
class secret {
public:
  secret() = default;
  explicit secret(std::string text) : text_(std::move(text)) {}

  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  bool operator==(const secret&) const = default;

private:
  std::string text_;
};

inline std::string to_string(const secret& x) {
  return x.empty() ? "" : "***";
}

inline std::ostream& operator<<(std::ostream& out, const secret& x) {
  return out << to_string(x);
}

} // namespace troupe::config
