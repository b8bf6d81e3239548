// adapters/email/smtp/sink.hpp: a mail server that takes everything and delivers nothing: one connection of it. No
// clock, no I/O.
#pragma once

#include "adapters/email/inbox.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::email::smtp {

struct sink_limits {
  std::size_t message_bytes_max = 1 << 20;
  std::size_t line_bytes_max = 1'000; // RFC 5321, 4.5.3.1.6; end included
  std::size_t recipients_max = 100;   // of one mail
  std::size_t errors_max = 20;        // commands that are refused, then the connection is closed
};

/// What the server says, and what becomes of the connection.
struct sink_answer {
  std::string text;  // lines with their ends; empty while there is nothing to say
  duration delay{0}; // before that
  bool closes = false;
};

/// One connection, from the greeting to QUIT: EHLO, HELO, AUTH PLAIN and LOGIN (any credentials), MAIL, RCPT, DATA,
/// RSET, NOOP, VRFY. Several commands may come at once. The recipients of adapters/email/inbox.hpp that are refused are
/// refused at RCPT.
class sink_session {
public:
  /// Takes a mail over, or not: the answer to the end of its data.
  using take_fn = std::function<sink_answer(letter)>;
  /// Whether a recipient that fails once in two times fails now.
  using fails_fn = std::function<bool(recipient_kind)>;

  sink_session(take_fn take, fails_fn fails, sink_limits limits = {})
    : take_(std::move(take)), fails_(std::move(fails)), limits_(limits) {}

  static std::string greeting() { return "220 sandbox ESMTP, delivers nothing\r\n"; }

  /// What is said to the next bytes.
  sink_answer receive(std::string_view bytes);

private:
  enum class mode : std::uint8_t { command, data, auth_plain, auth_user, auth_password };

  void on_line(std::string_view line, sink_answer& out);
  void on_command(std::string_view line, sink_answer& out);
  void on_data(std::string_view line, sink_answer& out);
  void on_mail(std::string_view rest, sink_answer& out);
  void on_recipient(std::string_view rest, sink_answer& out);
  void on_auth(std::string_view rest, sink_answer& out);
  void refuse(sink_answer& out, std::string_view text);
  void reset();

  take_fn take_;
  fails_fn fails_;
  sink_limits limits_;
  mode mode_ = mode::command;
  std::string line_; // what has come of it
  bool line_too_long_ = false;
  bool greeted_ = false;
  bool has_sender_ = false;
  std::string sender_;
  std::vector<std::string> recipients_;
  bool bounced_ = false;
  std::string data_;
  bool data_too_large_ = false;
  std::size_t errors_ = 0;
};

} // namespace troupe::email::smtp
