#include "bench/load/response_reader.hpp"

#include <charconv>

namespace troupe::load {

namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::size_t body_bytes_max = 64 * 1024 * 1024;

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i])
      return false;
  }
  return true;
}

std::string_view trimmed(std::string_view x) {
  while (!x.empty() && (x.front() == ' ' || x.front() == '\t'))
    x.remove_prefix(1);
  while (!x.empty() && (x.back() == ' ' || x.back() == '\t'))
    x.remove_suffix(1);
  return x;
}

template <class Number> bool parse(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::span<char> response_reader::space() {
  constexpr std::size_t least = 4096;
  if (in_.size() - end_ < least)
    in_.resize(end_ + 2 * least);
  return {in_.data() + end_, in_.size() - end_};
}

progress response_reader::read(response& out) {
  const std::string_view all{in_.data(), end_};
  if (head_bytes_ == 0) {
    const auto end = all.find("\r\n\r\n");
    if (end == std::string_view::npos)
      return end_ > head_bytes_max ? progress::broken : progress::more;
    if (!read_head(all.substr(0, end + 2)))
      return progress::broken;
    head_bytes_ = end + 4;
  }
  if (end_ - head_bytes_ < body_bytes_)
    return progress::more;
  out = head_;
  out.body = all.substr(head_bytes_, body_bytes_);
  return progress::whole;
}

// `head` ends with the last field's CRLF.
bool response_reader::read_head(std::string_view head) {
  head_ = {};
  body_bytes_ = 0;
  if (head.size() < 12 || !head.starts_with("HTTP/1.") || !parse(head.substr(9, 3), head_.status))
    return false;
  bool has_length = false;
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto end = head.find("\r\n", at);
    const auto line = head.substr(at, end - at);
    at = end + 2;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return false;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "content-length")) {
      has_length = true;
      if (!parse(value, body_bytes_) || body_bytes_ > body_bytes_max)
        return false;
    } else if (equal_ignoring_case(name, "connection")) {
      head_.keep_alive = !equal_ignoring_case(value, "close");
    } else if (equal_ignoring_case(name, "retry-after")) {
      if (unsigned seconds = 0; parse(value, seconds))
        head_.retry_after = seconds;
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
      return false;
    }
  }
  return has_length || head_.status == 204 || head_.status == 304;
}

void response_reader::drop() {
  const auto used = head_bytes_ + body_bytes_;
  if (used < end_)
    in_.replace(0, end_ - used, in_, used, end_ - used);
  end_ -= used;
  head_bytes_ = 0;
  body_bytes_ = 0;
}

void response_reader::clear() {
  end_ = 0;
  head_bytes_ = 0;
  body_bytes_ = 0;
}

} // namespace troupe::load
