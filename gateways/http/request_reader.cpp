#include "gateways/http/request_reader.hpp"

#include "gateways/http/uri.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

namespace troupe::gateway {

namespace {

namespace beast = boost::beast;

bool equal_without_case(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view std_view(beast::string_view x) {
  return {x.data(), x.size()};
}

// Host is an authority: nothing that could be taken for a path, a user or a second host.
bool is_host(std::string_view x) {
  return std::all_of(x.begin(), x.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::strchr("-._~!$&'()*+;=:[]%", c) != nullptr;
  });
}

// Whether a request line is sound up to a version that is not ours.
bool names_a_version(std::string_view line) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (line.size() < 9 || std::count(line.begin(), line.end(), ' ') != 2)
    return false;
  const auto version = line.substr(line.size() - 9);
  return version.starts_with(" HTTP/") && digit(version[6]) && version[7] == '.' && digit(version[8]);
}

} // namespace

// Beast's grammar, with the message as its output.
class request_reader::parser final : public beast::http::basic_parser<true> {
public:
  explicit parser(request_reader& of) : of_(of) {}

  struct facts {
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned hosts = 0;
    bool other_coding = false;
    bool odd_length = false;
    bool odd_host = false;
    bool other_expectation = false;
    bool expects_continue = false;
    bool http11 = false;
  };

  facts seen;
  std::size_t fields = 0;

private:
  using error = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       error&) override {
    of_.message_.method.assign(method.data(), method.size());
    of_.message_.target.assign(target.data(), target.size());
    seen.http11 = version >= 11;
  }

  void on_field_impl(beast::http::field name, beast::string_view text, beast::string_view value, error&) override {
    using beast::http::field;
    if (head_done_)
      return; // A trailer says nothing that may be acted on.
    const auto as_std = std_view(value);
    switch (name) {
      case field::content_length:
        ++seen.lengths;
        seen.odd_length |= as_std.empty() || as_std.find_first_not_of("0123456789") != as_std.npos;
        break;
      case field::transfer_encoding:
        ++seen.codings;
        seen.other_coding |= !equal_without_case(as_std, "chunked");
        break;
      case field::host:
        ++seen.hosts;
        seen.odd_host |= !is_host(as_std);
        break;
      case field::expect:
        (equal_without_case(as_std, "100-continue") ? seen.expects_continue : seen.other_expectation) = true;
        break;
      default: break;
    }
    auto& all = of_.message_.fields;
    if (fields == all.size())
      all.emplace_back();
    all[fields].first.assign(text.data(), text.size());
    all[fields].second.assign(value.data(), value.size());
    ++fields;
  }

  void on_header_impl(error&) override { head_done_ = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error&) override {
    of_.message_.body.reserve(std::min<std::size_t>(length.value_or(0), 64 * 1024));
  }

  std::size_t on_body_impl(beast::string_view bytes, error&) override {
    of_.message_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_chunk_header_impl(std::uint64_t, beast::string_view, error&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error&) override {
    of_.message_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_finish_impl(error&) override {}

  void on_response_impl(int, beast::string_view, int, error&) override {}

  request_reader& of_;
  bool head_done_ = false;
};

request_reader::request_reader(const limits& within) : limits_(within) {
  next();
}

request_reader::~request_reader() = default;

void request_reader::next() {
  // Beast's parsers serve once; the memory of ours serves again.
  if (parser_) {
    std::destroy_at(parser_.get());
    ::new (static_cast<void*>(parser_.get())) parser{*this};
  } else {
    parser_ = std::make_unique<parser>(*this);
  }
  parser_->header_limit(static_cast<std::uint32_t>(limits_.head_bytes_max + 1));
  parser_->body_limit(limits_.body_bytes_max);
  parser_->eager(true);
  message_.body.clear();
  if (message_.body.capacity() > 64 * 1024)
    message_.body.shrink_to_fit();
  scanned_ = 0;
  empty_line_ = false;
  step_ = step::start;
}

std::size_t request_reader::take(std::string_view bytes) {
  std::size_t taken = 0;
  if (step_ == step::start) {
    // A line that an older client appends to a body (RFC 9112, section 2.2); a second one is refused with the head.
    if (bytes.starts_with("\r\n") && !std::exchange(empty_line_, true))
      taken = 2;
    else if (bytes == "\r")
      return 0;
    if (taken == bytes.size())
      return taken;
    step_ = step::head;
  }
  if (step_ == step::head)
    taken += take_head(bytes.substr(taken));
  if (step_ == step::body && taken < bytes.size())
    taken += take_body(bytes.substr(taken));
  return taken;
}

// The head is parsed once it is there as a whole; until then only its lines are looked at.
std::size_t request_reader::take_head(std::string_view bytes) {
  if (const auto c = bytes[0]; c < 'A' || c > 'z') {
    refuse_framing("this is not HTTP");
    return 0;
  }
  std::size_t end = 0;
  while (end == 0) {
    const auto line = bytes.find('\n', scanned_);
    if (line == bytes.npos || line + 1 > limits_.head_bytes_max) {
      scanned_ = std::min(bytes.size(), limits_.head_bytes_max);
      if (bytes.size() >= limits_.head_bytes_max)
        refuse(431, "/problems/head-too-large", "Head too large",
               "line and fields may have " + std::to_string(limits_.head_bytes_max) + " bytes");
      return 0;
    }
    if (line == 0 || bytes[line - 1] != '\r') {
      refuse_framing("a line ends without a carriage return");
      return 0;
    }
    if (line >= 3 && bytes[line - 2] == '\n' && bytes[line - 3] == '\r')
      end = line + 1;
    else if (line + 1 == bytes.size()) {
      scanned_ = line; // Looked at again: whether the next line is folded shows in its first byte.
      return 0;
    } else if (bytes[line + 1] == ' ' || bytes[line + 1] == '\t') {
      refuse_framing("a field is folded over two lines");
      return 0;
    }
    scanned_ = line + 1;
  }
  beast::error_code error;
  parser_->eager(false); // The body starts only after the head has been found sound.
  parser_->put(boost::asio::const_buffer{bytes.data(), end}, error);
  parser_->eager(true);
  message_.fields.resize(parser_->fields);
  if (error == beast::http::error::body_limit)
    refuse(413, "/problems/body-too-large", "Body too large",
           "a body may have " + std::to_string(limits_.body_bytes_max) + " bytes");
  else if (error == beast::http::error::bad_version && names_a_version(bytes.substr(0, bytes.find("\r\n"))))
    refuse(505, "/problems/version", "Version not supported", "this server speaks HTTP/1.1");
  else if (error && error != beast::http::error::need_more)
    refuse_framing(error.message());
  else if (!parser_->is_header_done())
    refuse_framing("the head is not complete");
  else if (check_head())
    step_ = parser_->is_done() ? step::complete : step::body;
  return end;
}

bool request_reader::check_head() {
  const auto& seen = parser_->seen;
  http11_ = seen.http11;
  expects_continue_ = seen.expects_continue && seen.http11;
  keep_alive_ = parser_->keep_alive();
  if (seen.lengths > 0 && seen.codings > 0)
    refuse_framing("both Content-Length and Transfer-Encoding");
  else if (seen.lengths > 1 || seen.odd_length)
    refuse_framing("Content-Length must stand once, in digits");
  else if (seen.codings > 1 || seen.other_coding)
    refuse_framing("Transfer-Encoding may only be chunked");
  else if (seen.codings > 0 && !seen.http11)
    refuse_framing("HTTP/1.0 has no Transfer-Encoding");
  else if (seen.hosts != 1 && (seen.http11 || seen.hosts > 1))
    refuse_framing("Host must stand once");
  else if (seen.odd_host)
    refuse_framing("Host is not a host");
  else if (seen.other_expectation)
    refuse(417, "/problems/expectation", "Expectation failed", "only 100-continue can be expected");
  else {
    auto& target = message_.target;
    // Sent to a proxy, and still meant for us (RFC 9112, section 3.2.2).
    for (const std::string_view scheme : {"http://", "https://"})
      if (target.size() > scheme.size()
          && equal_without_case(std::string_view{target}.substr(0, scheme.size()), scheme)) {
        const auto path = target.find_first_of("/?", scheme.size());
        target = path == target.npos ? "/" : target[path] == '/' ? target.substr(path) : "/" + target.substr(path);
      }
    if (!is_origin_form(target) && !(target == "*" && message_.method == "OPTIONS"))
      refuse_framing("the request target is not a path");
  }
  return step_ != step::refused;
}

std::size_t request_reader::take_body(std::string_view bytes) {
  if (!parser_->chunked())
    return put(bytes);
  // The parser sees no more at once than the line of a chunk, or a trailer, may have: one that is longer is refused
  // however its bytes arrive.
  std::size_t taken = 0;
  while (step_ == step::body) {
    const auto window = bytes.substr(taken, limits_.chunk_line_bytes_max);
    // Beast takes for granted that more is there when it looks at the last chunk again. No message ends with less.
    if (window.size() < std::string_view{"0\r\n\r\n"}.size())
      break;
    const auto n = put(window);
    taken += n;
    if (n > 0)
      continue;
    if (step_ == step::body && window.size() == limits_.chunk_line_bytes_max)
      refuse_framing("the line of a chunk, or the trailer, is too long");
    break;
  }
  return taken;
}

/// What the parser takes of `bytes`.
std::size_t request_reader::put(std::string_view bytes) {
  beast::error_code error;
  const auto taken = parser_->put(boost::asio::const_buffer{bytes.data(), bytes.size()}, error);
  if (error == beast::http::error::body_limit)
    refuse(413, "/problems/body-too-large", "Body too large",
           "a body may have " + std::to_string(limits_.body_bytes_max) + " bytes");
  else if (error && error != beast::http::error::need_more)
    refuse_framing(error.message());
  else if (parser_->is_done())
    step_ = step::complete;
  return taken;
}

void request_reader::refuse(int status, std::string_view type, std::string_view title, std::string detail) {
  refusal_ = {status, type, title, std::move(detail)};
  step_ = step::refused;
}

void request_reader::refuse_framing(std::string detail) {
  refuse(400, "/problems/malformed-request", "Malformed request", std::move(detail));
}

} // namespace troupe::gateway
