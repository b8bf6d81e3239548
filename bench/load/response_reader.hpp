// bench/load/response_reader.hpp: finds the end of an HTTP answer, and the little that is wanted of it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::load {

struct response {
  int status = 0;
  std::string_view body;               // until the reader is used again
  std::optional<unsigned> retry_after; // seconds
  bool keep_alive = true;
};

enum class progress { more, whole, broken };

/// Reads the answers of one connection, one after another. Knows HTTP/1.1 with Content-Length, which is all that troupe
/// sends; anything else is broken.
class response_reader {
public:
  /// Where to put the next bytes; never empty.
  std::span<char> space();
  void filled(std::size_t bytes) { end_ += bytes; }

  /// Whether an answer is whole, which `out` is then. Call drop() before the next one.
  progress read(response& out);
  void drop();

  /// Forgets everything: the connection is a new one.
  void clear();

  bool empty() const { return end_ == 0; }

private:
  bool read_head(std::string_view head);

  std::string in_;
  std::size_t end_ = 0;
  std::size_t head_bytes_ = 0; // 0 while the head is not whole
  std::size_t body_bytes_ = 0;
  response head_;
};

} // namespace troupe::load
