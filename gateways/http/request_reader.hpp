// gateways/http/request_reader.hpp: HTTP/1.1 requests from a stream of bytes, wherever the bytes come from.
#pragma once

#include "actors/kernel/http.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// Reads requests one after another and refuses whatever two readers could understand differently (RFC 9112,
/// section 11.2): both lengths, repeated or signed lengths, broken chunks, folded lines, codings other than chunked, a
/// missing or repeated Host, targets of other characters. Knows no sockets and no time.
class request_reader {
public:
  struct limits {
    std::size_t head_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 1024 * 1024;
    std::size_t chunk_line_bytes_max = 4 * 1024; // a chunk's size and extensions, or the trailer
  };

  enum class step {
    start,    // nothing of the next request has come
    head,     // in the midst of its head
    body,     // the head is complete and sound, the body is not
    complete, // message() is whole
    refused,  // refusal() says why; the connection cannot go on
  };

  struct refusal_t {
    int status = 400;
    std::string_view type; // of the problem
    std::string_view title;
    std::string detail;
  };

  explicit request_reader(const limits& within);
  ~request_reader();

  request_reader(const request_reader&) = delete;
  request_reader& operator=(const request_reader&) = delete;

  /// Takes what it can use of `bytes` and returns how many that is; the rest, at most head_bytes_max, is to be offered
  /// again with what follows. Takes nothing past the end of a request, and nothing more after a refusal.
  std::size_t take(std::string_view bytes);

  step at() const { return step_; }
  const refusal_t& refusal() const { return refusal_; }

  /// The request; its target is in origin form, or "*". Reuses its memory for the next one.
  http::request& message() { return message_; }

  bool keep_alive() const { return keep_alive_; } // as the client asks for it
  bool is_http11() const { return http11_; }
  bool expects_continue() const { return expects_continue_; } // wants to hear a 100 before it sends the body

  /// Makes ready for the next request.
  void next();

private:
  class parser;

  std::size_t take_head(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  std::size_t put(std::string_view bytes);
  bool check_head();
  void refuse(int status, std::string_view type, std::string_view title, std::string detail);
  void refuse_framing(std::string detail);

  const limits limits_;
  std::unique_ptr<parser> parser_;
  http::request message_;
  refusal_t refusal_;
  std::size_t scanned_ = 0; // of the bytes that the next head begins with
  bool empty_line_ = false; // one was taken before this head
  step step_ = step::start;
  bool keep_alive_ = false;
  bool http11_ = false;
  bool expects_continue_ = false;
};

} // namespace troupe::gateway
