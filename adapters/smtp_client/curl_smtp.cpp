#include "adapters/smtp_client/curl_smtp.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace troupe::smtp {

namespace {

constexpr std::size_t reply_bytes_max = 2'000;

struct end_easy {
  void operator()(CURL* x) const { curl_easy_cleanup(x); }
};
struct end_list {
  void operator()(curl_slist* x) const { curl_slist_free_all(x); }
};
struct end_mime {
  void operator()(curl_mime* x) const { curl_mime_free(x); }
};

using list = std::unique_ptr<curl_slist, end_list>;

bool append(list& to, const std::string& line) {
  auto* longer = curl_slist_append(to.get(), line.c_str());
  if (!longer)
    return false;
  to.release();
  to.reset(longer);
  return true;
}

bool add_part(curl_mime* to, const std::string& body, const char* type) {
  auto* part = curl_mime_addpart(to);
  // Quoted-printable keeps lines short and bytes below 128, whatever a template holds.
  return part && curl_mime_data(part, body.data(), body.size()) == CURLE_OK && curl_mime_type(part, type) == CURLE_OK
         && curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
}

/// Keeps what the server refused last, without its code; libcurl takes leave afterwards, which is answered, too.
std::size_t keep_refusal(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  std::string_view line{bytes, size * count};
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.starts_with('4') || line.starts_with('5'))
    text = line.substr(std::min<std::size_t>(line.size(), 4), reply_bytes_max);
  return size * count;
}

class curl_smtp_state {
public:
  static constexpr const char* name = "smtp_client";

  curl_smtp_state(client_actor::pointer, client_options options)
    : options_(std::move(options)), easy_(curl_easy_init()) {
    if (!easy_)
      throw std::runtime_error{"libcurl has no handle for SMTP"};
  }

  client_actor::behavior_type make_behavior() {
    return {[this](const submission& x) { return send(x); }};
  }

private:
  template <class Value> void set(CURLoption option, Value value) {
    good_ = curl_easy_setopt(easy_.get(), option, value) == CURLE_OK && good_;
  }

  caf::result<reply> send(const submission& x) {
    auto* easy = easy_.get();
    curl_easy_reset(easy); // Its connection stays.
    good_ = true;
    list recipients;
    list fields;
    const std::unique_ptr<curl_mime, end_mime> mime{curl_mime_init(easy)};
    good_ = append(recipients, x.to) && mime;
    for (const auto& line : x.fields)
      good_ = good_ && append(fields, line);
    good_ = good_ && (x.text.empty() || add_part(mime.get(), x.text, "text/plain; charset=utf-8"))
            && (x.html.empty() || add_part(mime.get(), x.html, "text/html; charset=utf-8"));
    // The parts are the same mail in two forms.
    good_ = good_ && append(fields, "Content-Type: multipart/alternative");
    std::string said;
    const auto url = options_.url + '/' + options_.own_name;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<duration>(x.timeout, duration{1}).count()));
    set(CURLOPT_USE_SSL, static_cast<long>(options_.encryption == start_tls::required  ? CURLUSESSL_ALL
                                           : options_.encryption == start_tls::offered ? CURLUSESSL_TRY
                                                                                       : CURLUSESSL_NONE));
    if (!options_.ca_file.empty())
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
    if (!options_.user.empty()) {
      set(CURLOPT_USERNAME, options_.user.c_str());
      set(CURLOPT_PASSWORD, options_.password.c_str());
    }
    const auto from = '<' + x.from + '>';
    set(CURLOPT_MAIL_FROM, from.c_str());
    set(CURLOPT_MAIL_RCPT, recipients.get());
    set(CURLOPT_HTTPHEADER, fields.get());
    set(CURLOPT_MIMEPOST, mime.get());
    set(CURLOPT_HEADERFUNCTION, keep_refusal);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&said));
    if (!good_)
      return caf::make_error(ec::refused, "the mail cannot be put into the form of SMTP");
    const auto result = curl_easy_perform(easy);
    long code = 0;
    curl_off_t sent = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return outcome(result, static_cast<int>(code), sent > 0, std::move(said));
  }

  static caf::result<reply> outcome(CURLcode result, int code, bool begun, std::string said) {
    if (result == CURLE_OK)
      return reply{250, {}};
    if (result == CURLE_LOGIN_DENIED)
      return caf::make_error(ec::denied, curl_easy_strerror(result));
    if (code >= 400 && code < 600)
      return reply{code, std::move(said)};
    const auto unclear = result == CURLE_OPERATION_TIMEDOUT ? ec::timed_out : ec::interrupted;
    return caf::make_error(begun ? unclear : ec::unavailable, curl_easy_strerror(result));
  }

  client_options options_;
  std::unique_ptr<CURL, end_easy> easy_;
  bool good_ = true;
};

} // namespace

client_actor spawn_curl_smtp(caf::actor_system& system, client_options options) {
  return system.spawn<client_actor::stateful_impl<curl_smtp_state>, caf::detached>(std::move(options));
}

} // namespace troupe::smtp
