// tests/fuzz/mail_fuzz.cpp: any bytes as a connection of the SMTP sink, as a mail, as the answer of a mail provider and
// as a stored form of a mail. What the sink says does not depend on how the bytes arrive; a stored form that can be
// read is written and read again without a change.
#include "actors/notification/stored.hpp"
#include "adapters/email/resend/codec.hpp"
#include "adapters/email/sendgrid/codec.hpp"
#include "adapters/email/smtp/codec.hpp"
#include "adapters/email/smtp/mime.hpp"
#include "adapters/email/smtp/sink.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace troupe;

void require(bool holds) {
  if (!holds)
    std::abort();
}

struct heard {
  std::string said;
  std::size_t mails = 0;
};

heard talk(std::string_view bytes, std::size_t at_once) {
  heard result;
  const email::smtp::sink_limits limits{.message_bytes_max = 500, .line_bytes_max = 100};
  email::smtp::sink_session session{[&](email::letter) {
                                      ++result.mails;
                                      return email::smtp::sink_answer{"250 2.0.0 OK\r\n"};
                                    },
                                    [](email::recipient_kind) { return true; }, limits};
  while (!bytes.empty()) {
    const auto answer = session.receive(bytes.substr(0, at_once));
    result.said += answer.text;
    if (answer.closes)
      break;
    bytes.remove_prefix(std::min(at_once, bytes.size()));
  }
  return result;
}

void read_stored(std::string_view input) {
  constexpr std::array types{"requested", "attempt_failed", "template_failed", "sent",
                             "skipped",   "given_up",       "time_extended"};
  const auto line = input.substr(0, input.find('\n'));
  for (const auto* type : types) {
    journal::stored_event stored;
    stored.type = std::string{"notification."} + type;
    stored.data = line;
    stored.personal = input.substr(std::min(line.size() + 1, input.size()));
    const auto read = notification::decode(stored);
    if (!read)
      continue;
    const auto form = notification::encode(*read);
    require(form.type == stored.type);
    stored.data = form.data;
    stored.personal = form.personal;
    const auto again = notification::decode(stored);
    require(again && *again == *read);
    notification::state s;
    s.apply(*read, {});
  }
  if (const auto read = notification::decode_snapshot(input, notification::snapshot_schema)) {
    const auto again =
      notification::decode_snapshot(notification::encode_snapshot(*read), notification::snapshot_schema);
    require(again && *again == *read);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  const auto whole = talk(input, std::max<std::size_t>(size, 1));
  const auto pieces = talk(input, 1);
  require(whole.said == pieces.said && whole.mails == pieces.mails);
  const auto mail = email::smtp::parse_mail(input);
  require(mail.text.size() <= 2 * size && mail.html.size() <= 2 * size && mail.subject.size() <= 2 * size);
  for (const int status : {200, 202, 400, 403, 409, 422, 429, 500}) {
    const http::response answer{status, {{"X-RateLimit-Reset", std::string{input}}}, std::string{input}};
    email::resend::decode(answer, {});
    email::sendgrid::decode(answer, {});
  }
  email::message asked;
  asked.from.address = "shop@example.com";
  for (const int code : {250, 354, 421, 450, 535, 550, 554})
    email::smtp::decode(asked, {code, std::string{input}});
  const auto words = email::smtp::encoded_words(input);
  require(words.find_first_of("\r\n") == words.npos || words.find("\r\n =?") != words.npos || words == input);
  email::parse_mailbox(input);
  read_stored(input);
  return 0;
}
