#include "adapters/email/smtp/sink.hpp"

#include "actors/notification/notification.hpp"
#include "adapters/email/smtp/mime.hpp"

#include <algorithm>

namespace troupe::email::smtp {

namespace {

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// Takes `word` off the front of `text`, whatever its case.
bool take(std::string_view& text, std::string_view word) {
  if (text.size() < word.size()
      || !std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == upper(b); }))
    return false;
  text.remove_prefix(word.size());
  return true;
}

/// Takes a command, which ends with the line or a space.
bool take_verb(std::string_view& text, std::string_view verb) {
  auto rest = text;
  if (!take(rest, verb) || (!rest.empty() && rest.front() != ' '))
    return false;
  while (rest.starts_with(' '))
    rest.remove_prefix(1);
  text = rest;
  return true;
}

/// The address of `<ada@example.org> SIZE=12`, and what stands behind it. False when it is none.
bool take_path(std::string_view& text, std::string& address) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  const auto end = text.find('>');
  if (!text.starts_with('<') || end == text.npos)
    return false;
  address = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return true;
}

void say(sink_answer& out, std::string_view line) {
  out.text.append(line).append("\r\n");
}

} // namespace

sink_answer sink_session::receive(std::string_view bytes) {
  sink_answer out;
  while (!bytes.empty() && !out.closes) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    // The rest of a line that is too long is passed over, so that nothing of it is taken for a command.
    if (line_.size() + part.size() > limits_.line_bytes_max - 1)
      line_too_long_ = true;
    else if (!line_too_long_)
      line_ += part;
    if (end == bytes.npos)
      break;
    bytes.remove_prefix(end + 1);
    if (line_.ends_with('\r'))
      line_.pop_back();
    const auto line = std::move(line_);
    line_.clear();
    on_line(line, out);
    line_too_long_ = false;
  }
  return out;
}

void sink_session::on_line(std::string_view line, sink_answer& out) {
  if (mode_ == mode::data)
    return on_data(line, out);
  if (line_too_long_)
    return refuse(out, "500 5.5.6 The line is too long");
  switch (mode_) {
    case mode::auth_user: mode_ = mode::auth_password; return say(out, "334 UGFzc3dvcmQ6"); // "Password:"
    case mode::auth_plain:
    case mode::auth_password:
      mode_ = mode::command;
      return line == "*" ? refuse(out, "501 5.7.0 Given up") : say(out, "235 2.7.0 Welcome");
    case mode::command:
    case mode::data: break;
  }
  on_command(line, out);
}

void sink_session::refuse(sink_answer& out, std::string_view text) {
  if (++errors_ > limits_.errors_max) {
    say(out, "421 4.7.0 Too many errors");
    out.closes = true;
    return;
  }
  say(out, text);
}

void sink_session::reset() {
  has_sender_ = false;
  sender_.clear();
  recipients_.clear();
  bounced_ = false;
  data_.clear();
  data_too_large_ = false;
}

void sink_session::on_command(std::string_view line, sink_answer& out) {
  if (take_verb(line, "EHLO")) {
    greeted_ = true;
    reset();
    say(out, "250-sandbox");
    say(out, "250-PIPELINING");
    say(out, "250-8BITMIME");
    say(out, "250-ENHANCEDSTATUSCODES");
    say(out, "250-AUTH PLAIN LOGIN");
    return say(out, "250 SIZE " + std::to_string(limits_.message_bytes_max));
  }
  if (take_verb(line, "HELO")) {
    greeted_ = true;
    reset();
    return say(out, "250 sandbox");
  }
  if (take_verb(line, "QUIT")) {
    say(out, "221 2.0.0 Bye");
    out.closes = true;
    return;
  }
  if (take_verb(line, "NOOP"))
    return say(out, "250 2.0.0 OK");
  if (take_verb(line, "RSET")) {
    reset();
    return say(out, "250 2.0.0 OK");
  }
  if (take_verb(line, "VRFY"))
    return say(out, "252 2.1.5 Send and see");
  if (take_verb(line, "AUTH"))
    return on_auth(line, out);
  if (take(line, "MAIL FROM:"))
    return on_mail(line, out);
  if (take(line, "RCPT TO:"))
    return on_recipient(line, out);
  if (take_verb(line, "DATA")) {
    if (recipients_.empty())
      return refuse(out, "503 5.5.1 Name a recipient first");
    mode_ = mode::data;
    return say(out, "354 Go on, and end with a line that is a dot");
  }
  refuse(out, "500 5.5.2 There is no such command here");
}

void sink_session::on_auth(std::string_view rest, sink_answer& out) {
  if (has_sender_)
    return refuse(out, "503 5.5.1 Not in the middle of a mail");
  if (take_verb(rest, "PLAIN")) {
    if (!rest.empty())
      return say(out, "235 2.7.0 Welcome");
    mode_ = mode::auth_plain;
    return say(out, "334 ");
  }
  if (take_verb(rest, "LOGIN")) {
    mode_ = rest.empty() ? mode::auth_user : mode::auth_password;
    return say(out, rest.empty() ? "334 VXNlcm5hbWU6" : "334 UGFzc3dvcmQ6"); // "Username:", "Password:"
  }
  refuse(out, "504 5.5.4 PLAIN or LOGIN");
}

void sink_session::on_mail(std::string_view rest, sink_answer& out) {
  if (!greeted_)
    return refuse(out, "503 5.5.1 Say EHLO first");
  if (has_sender_)
    return refuse(out, "503 5.5.1 One sender is enough");
  if (!take_path(rest, sender_) || (!sender_.empty() && !notification::is_mail_address(sender_)))
    return refuse(out, "501 5.1.7 The sender is no address");
  if (const auto at = rest.find("SIZE="); at != rest.npos) {
    const auto digits = rest.substr(at + 5, rest.find(' ', at) - at - 5);
    const auto limit = std::to_string(limits_.message_bytes_max);
    if (digits.size() > limit.size() || (digits.size() == limit.size() && digits > limit))
      return refuse(out, "552 5.3.4 The mail is too large");
  }
  has_sender_ = true;
  say(out, "250 2.1.0 OK");
}

void sink_session::on_recipient(std::string_view rest, sink_answer& out) {
  if (!has_sender_)
    return refuse(out, "503 5.5.1 Name the sender first");
  std::string address;
  if (!take_path(rest, address) || !notification::is_mail_address(address))
    return refuse(out, "501 5.1.3 The recipient is no address");
  if (recipients_.size() >= limits_.recipients_max)
    return refuse(out, "452 4.5.3 Too many recipients");
  const auto kind = kind_of_recipient(address);
  switch (kind) {
    case recipient_kind::invalid: return say(out, "550 5.1.1 There is no such mailbox");
    case recipient_kind::blocked: return say(out, "550 5.7.1 This domain takes no mail from you");
    case recipient_kind::limited:
      if (fails_(kind))
        return say(out, "451 4.7.1 Too many mails, try again later");
      break;
    case recipient_kind::unavailable:
      if (fails_(kind))
        return say(out, "451 4.3.2 No mail is taken now");
      break;
    case recipient_kind::bounce: bounced_ = true; break;
    case recipient_kind::plain: break;
  }
  recipients_.push_back(std::move(address));
  say(out, "250 2.1.5 OK");
}

void sink_session::on_data(std::string_view line, sink_answer& out) {
  if (line != "." || line_too_long_) {
    if (line.starts_with('.'))
      line.remove_prefix(1); // It was put before the line's own dot.
    if (line_too_long_ || data_.size() + line.size() + 2 > limits_.message_bytes_max)
      data_too_large_ = true;
    else
      data_.append(line).append("\r\n");
    return;
  }
  mode_ = mode::command;
  if (data_too_large_) {
    reset();
    return refuse(out, "552 5.3.4 The mail or a line of it is too large");
  }
  auto mail = parse_mail(data_);
  letter x;
  x.by = "smtp";
  x.id = mail.message_id;
  x.key = mail.message_id;
  x.from = mail.from.empty() ? sender_ : std::move(mail.from);
  x.to = std::move(mail.to);
  if (x.to.empty())
    for (const auto& one : recipients_)
      x.to += (x.to.empty() ? "" : ", ") + one;
  x.subject = std::move(mail.subject);
  x.text = std::move(mail.text);
  x.html = std::move(mail.html);
  x.bounced = bounced_;
  reset();
  auto answer = take_(std::move(x));
  out.text += answer.text;
  out.delay += answer.delay;
  out.closes = answer.closes;
}

} // namespace troupe::email::smtp
