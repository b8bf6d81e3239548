#include "gateways/http/session.hpp"

#include "actors/kernel/hash.hpp"
#include "gateways/http/json_schema.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace troupe::gateway {

namespace {

constexpr std::size_t first_buffer_bytes = 2 * 1024;
constexpr std::size_t kept_bytes_max = 64 * 1024; // of a buffer, between requests
constexpr duration linger_time{1'000};
constexpr std::size_t linger_bytes_max = 256 * 1024;

constexpr auto as_tuple = boost::asio::as_tuple(boost::asio::deferred);

bool equal_without_case(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status"; // The phrase means nothing (RFC 9112, section 4).
  }
}

template <class Number> void append_number(std::string& out, Number x) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_hex(std::string& out, std::uint64_t x) {
  constexpr char digits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4)
    out += digits[(x >> shift) & 15];
}

// In time that depends on the length of what was sent alone.
bool is_key(std::string_view sent, std::string_view key) {
  if (key.empty())
    return false;
  unsigned difference = sent.size() == key.size() ? 0 : 1;
  for (std::size_t i = 0; i < sent.size(); ++i)
    difference |= static_cast<unsigned char>(sent[i]) ^ static_cast<unsigned char>(key[i % key.size()]);
  return difference == 0;
}

bool is_operator(std::string_view authorization, std::string_view key) {
  constexpr std::string_view scheme = "Bearer ";
  return authorization.size() > scheme.size() && equal_without_case(authorization.substr(0, scheme.size()), scheme)
         && is_key(authorization.substr(scheme.size()), key);
}

bool is_json(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t'))
    type.remove_suffix(1);
  return equal_without_case(type, "application/json")
         || (type.size() > 17 && equal_without_case(type.substr(0, 12), "application/")
             && equal_without_case(type.substr(type.size() - 5), "+json"));
}

bool is_visible(std::string_view x) {
  return std::all_of(x.begin(), x.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<std::uint64_t> hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

// The server says these itself.
bool is_ours(std::string_view name) {
  for (const std::string_view ours :
       {"content-length", "transfer-encoding", "connection", "date", "traceparent", "x-correlation-id"})
    if (name.size() == ours.size() && equal_without_case(name, ours))
      return true;
  return false;
}

// A line break in a value that a client had a hand in would start a field of the client's.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value)
    out += static_cast<unsigned char>(c) < ' ' && c != '\t' ? ' ' : c;
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

} // namespace

std::uint64_t lane::random() {
  random_state += 0x9e3779b97f4a7c15ull;
  auto x = random_state;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

std::string_view lane::date() {
  const auto now = std::chrono::floor<std::chrono::seconds>(shared->options.now());
  if (now != dated_) {
    dated_ = now;
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{now - day};
    std::snprintf(date_.data(), date_.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  days[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()) % 100u,
                  months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()) % 10'000,
                  static_cast<int>(time.hours().count()) % 100, static_cast<int>(time.minutes().count()) % 100,
                  static_cast<int>(time.seconds().count()) % 100);
  }
  return {date_.data(), date_.size() - 1};
}

session::session(std::shared_ptr<lane> on, socket peer)
  : lane_(std::move(on)), place_(lane_->sessions.insert(lane_->sessions.end(), this)), socket_(std::move(peer)),
    timer_(lane_->context), pause_(lane_->context),
    reader_({.head_bytes_max = lane_->shared->options.limits->head_bytes_max,
             .body_bytes_max = lane_->shared->options.limits->body_bytes_max}) {
  in_.resize(first_buffer_bytes);
}

session::~session() {
  lane_->sessions.erase(place_);
  std::lock_guard lock{lane_->shared->mutex};
  --lane_->shared->connections;
  lane_->shared->fewer.notify_all();
}

void session::drain() {
  if (reading_ && reader_.at() == request_reader::step::start)
    abort();
}

void session::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

boost::asio::mutable_buffer session::space() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == in_.size() && begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_), in_.begin() + static_cast<std::ptrdiff_t>(end_),
              in_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == in_.size()) // The reader never leaves more than a head, so this ends.
    in_.resize(in_.size() * 2);
  return boost::asio::buffer(in_.data() + end_, in_.size() - end_);
}

void session::limit(steady::time_point at) {
  limit_ = at;
  if (at >= armed_)
    return;
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error)
      return;
    if (const auto self = weak.lock())
      self->on_time();
  });
}

void session::on_time() {
  armed_ = steady::time_point::max();
  if (limit_ == steady::time_point::max())
    return;
  if (limit_ > steady::now())
    return limit(limit_);
  expired_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

boost::asio::awaitable<void> session::run([[maybe_unused]] std::shared_ptr<session> self) {
  using step = request_reader::step;
  const auto& options = lane_->shared->options;
  for (;;) {
    // Receive a request.
    const auto& limits = *options.limits;
    auto timed = step::complete; // the step that the limit is set for
    bool continued = false;
    bool late = false;
    for (;;) {
      if (begin_ != end_)
        begin_ += reader_.take(unread());
      const auto at = reader_.at();
      if (at == step::complete || at == step::refused)
        break;
      if (lane_->shared->draining && at == step::start)
        co_return;
      if (at != timed) {
        timed = at;
        expired_ = false;
        limit(at == step::start ? limits.idle_time : at == step::head ? limits.head_time : limits.body_time);
      }
      if (at == step::body && reader_.expects_continue() && !continued) {
        continued = true;
        out_ = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await send())
          co_return;
      }
      reading_ = true;
      const auto [error, n] = co_await socket_.async_read_some(space(), as_tuple);
      reading_ = false;
      end_ += n;
      if (error) {
        if (!expired_ || at == step::start)
          co_return;
        late = true;
        break;
      }
    }
    limit(steady::time_point::max());

    // Find its answer.
    const auto began = steady::now();
    answer_to out;
    const auto& message = reader_.message();
    request_context context;
    std::string_view path;
    correlation_.clear();
    if (late || reader_.at() == step::refused) {
      const auto& why = reader_.refusal();
      out.response = late ? problem(408, "/problems/too-slow", "Request not sent in time", "")
                          : problem(why.status, std::string{why.type}, std::string{why.title}, why.detail);
      out.keep = false;
      context.trace = {lane_->random(), lane_->random() | 1, lane_->random() | 1, false};
    } else if (lane_->shared->routes) {
      incoming in{message, message.target, std::move(params_), {}, {}, *lane_->actors, began};
      in.path = in.path.substr(0, in.path.find('?'));
      path = in.path;
      try {
        identify(in);
        out.by = prepare(in, out.response);
        if (out.by && out.response.status == 0)
          out.response = co_await out.by->handle(in);
      } catch (const std::exception&) {
        out.response = problem(500, "/problems/internal", "Internal error", "");
      }
      params_ = std::move(in.params);
      context = std::move(in.context);
      out.keep = reader_.keep_alive();
    } else {
      exchange_result result;
      try {
        result = co_await lane_->shared->plain(message);
      } catch (const std::exception&) {
        result.answer = problem(500, "/problems/internal", "Internal error", "");
      }
      if (result.delay > duration::zero()) {
        pause_.expires_after(result.delay);
        co_await pause_.async_wait(as_tuple);
      }
      if (!socket_.is_open() || result.ending == exchange_result::ending::dropped)
        co_return;
      out.keep = reader_.keep_alive() && result.ending == exchange_result::ending::answered;
      if (result.ending == exchange_result::ending::truncated)
        out.body_bytes_max = result.answer.body.size() / 2;
      out.response = std::move(result.answer);
      path = std::string_view{message.target}.substr(0, message.target.find('?'));
    }
    out.keep &= !lane_->shared->draining;

    // Send it.
    compose(out, context);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - began);
    const auto sent = co_await send();
    if (options.observe) {
      const auto read = reader_.at() == step::complete;
      options.observe({read ? std::string_view{message.method} : "", out.by ? std::string_view{out.by->path} : "", path,
                       out.response.status, took, context, correlation_});
    }
    if (!sent)
      co_return;
    if (!out.keep) {
      if (reader_.at() != step::complete || begin_ != end_)
        co_await linger();
      co_return;
    }
    reader_.next();
    if (out_.capacity() > kept_bytes_max)
      std::string{}.swap(out_);
  }
}

// Who asks, and under which trace.
void session::identify(incoming& in) {
  const auto& options = lane_->shared->options;
  const auto& fields = in.message.fields;
  in.context.principal =
    is_operator(http::find(fields, "authorization"), options.operator_key) ? "operator" : "anonymous";
  auto& trace = in.context.trace;
  auto given = http::find(fields, "x-correlation-id");
  if (given.empty())
    given = http::find(fields, "x-trace-id");
  if (given.size() > 128 || !is_visible(given))
    given = {};
  correlation_ = given;
  if (const auto parent = trace_context::parse(http::find(fields, "traceparent"))) {
    trace = *parent;
  } else if (!given.empty()) {
    const auto high = given.size() == 32 ? hex(given.substr(0, 16)) : std::nullopt;
    const auto low = given.size() == 32 ? hex(given.substr(16)) : std::nullopt;
    if (high && low && (*high | *low) != 0) {
      trace.trace_high = *high;
      trace.trace_low = *low;
    } else {
      trace.trace_high = fnv1a(given);
      trace.trace_low = fnv1a(given, trace.trace_high) | 1;
    }
  } else {
    trace.trace_high = lane_->random();
    trace.trace_low = lane_->random() | 1; // An id of zeros would be none.
  }
  trace.span = lane_->random() | 1;
}

// The row for the request, with the body read; or the refusal, and the row if there is one.
const route* session::prepare(incoming& in, http::response& refusal) {
  const auto& routes = *lane_->shared->routes;
  const auto& options = lane_->shared->options;
  const auto* row = routes.find(in.message.method, in.path, in.params);
  if (!row) {
    auto allow = routes.allowed(in.path);
    if (allow.empty()) {
      refusal = problem(404, "/problems/not-found", "Not found", "there is nothing at " + std::string{in.path});
    } else {
      refusal =
        problem(405, "/problems/method-not-allowed", "Method not allowed", std::string{in.path} + " has " + allow);
      refusal.fields.emplace_back("Allow", std::move(allow));
    }
    return nullptr;
  }
  in.until += row->deadline;
  in.context.deadline = options.now() + row->deadline;
  if (row->scope == scope::operator_key && in.context.principal != "operator") {
    refusal = problem(401, "/problems/unauthorized", "Operator key required", "send it as Authorization: Bearer");
    refusal.fields.emplace_back("WWW-Authenticate", "Bearer");
    return row;
  }
  const auto* schema = routes.schema(*row);
  if (!schema)
    return row;
  if (in.message.body.empty() && schema->check(nullptr).empty())
    return row; // Where null is fine, nothing is, too, and has no type.
  if (const auto type = http::find(in.message.fields, "content-type"); !is_json(type)) {
    refusal = problem(415, "/problems/content-type", "Unsupported content type",
                      "expected application/json, got " + (type.empty() ? "none" : std::string{type.substr(0, 100)}));
    return row;
  }
  auto read = read_json(in.message.body, options.limits->json_depth_max);
  if (!read.refusal.empty()) {
    refusal = problem(400, "/problems/malformed-json", "Malformed JSON", std::move(read.refusal));
    return row;
  }
  if (auto errors = schema->check(read.value); !errors.empty()) {
    refusal = problem(422, "/problems/validation", "The body is not valid", "", std::move(errors));
    return row;
  }
  in.body = std::move(read.value);
  return row;
}

void session::append_trace(const trace_context& trace) {
  out_ += "\r\ntraceparent: 00-";
  append_hex(out_, trace.trace_high);
  append_hex(out_, trace.trace_low);
  out_ += '-';
  append_hex(out_, trace.span);
  out_ += trace.sampled ? "-01" : "-00";
  out_ += "\r\nx-correlation-id: ";
  if (correlation_.empty()) {
    append_hex(out_, trace.trace_high);
    append_hex(out_, trace.trace_low);
  } else {
    out_ += correlation_;
  }
}

void session::compose(const answer_to& x, const request_context& context) {
  const auto& response = x.response;
  out_.clear();
  out_ += "HTTP/1.1 ";
  append_number(out_, response.status);
  out_ += ' ';
  out_ += reason_of(response.status);
  out_ += "\r\nDate: ";
  out_ += lane_->date();
  for (const auto& [name, value] : response.fields) {
    if (is_ours(name))
      continue;
    out_ += "\r\n";
    append_value(out_, name);
    out_ += ": ";
    append_value(out_, value);
  }
  if (lane_->shared->routes)
    append_trace(context.trace);
  if (!x.keep)
    out_ += "\r\nConnection: close";
  else if (!reader_.is_http11())
    out_ += "\r\nConnection: keep-alive";
  if (!has_no_body(response.status)) {
    out_ += "\r\nContent-Length: ";
    append_number(out_, response.body.size());
  }
  out_ += "\r\n\r\n";
  const auto read = reader_.at() == request_reader::step::complete;
  if (!has_no_body(response.status) && !(read && reader_.message().method == "HEAD"))
    out_.append(response.body, 0, x.body_bytes_max);
}

boost::asio::awaitable<bool> session::send() {
  std::string_view left = out_;
  bool waited = false;
  while (!left.empty()) {
    boost::system::error_code error;
    left.remove_prefix(socket_.write_some(boost::asio::buffer(left), error));
    if (!error)
      continue;
    if (error != boost::asio::error::would_block && error != boost::asio::error::try_again)
      co_return false;
    if (!waited) {
      waited = true;
      expired_ = false;
      limit(lane_->shared->options.limits->write_time);
    }
    const auto [failed] = co_await socket_.async_wait(socket::wait_write, as_tuple);
    if (failed)
      co_return false;
  }
  if (waited)
    limit(steady::time_point::max());
  co_return true;
}

// Closing while the client still sends would reset the connection, and with it the answer that it has not read.
boost::asio::awaitable<void> session::linger() {
  boost::system::error_code failed;
  socket_.shutdown(socket::shutdown_send, failed);
  limit(linger_time);
  for (std::size_t total = 0; !failed && total < linger_bytes_max;) {
    const auto [error, n] = co_await socket_.async_read_some(boost::asio::buffer(in_.data(), in_.size()), as_tuple);
    failed = error;
    total += n;
  }
}

} // namespace troupe::gateway
