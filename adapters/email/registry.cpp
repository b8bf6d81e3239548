#include "adapters/email/registry.hpp"

#include "adapters/email/http_mailer.hpp"
#include "adapters/email/resend/codec.hpp"
#include "adapters/email/sendgrid/codec.hpp"
#include "adapters/email/simulated/simulated.hpp"
#include "adapters/email/smtp/smtp.hpp"
#include "adapters/smtp_client/curl_smtp.hpp"

#include <algorithm>
#include <array>

namespace troupe::email {

namespace {

using notification::mailer_actor;

bool is_url(const std::string& text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

std::string problem_with_http(const provider_options& x) {
  if (!x.base_url.empty() && !is_url(x.base_url))
    return "base_url: an http or https URL is needed";
  return x.api_key.empty() ? "api_key: needed" : "";
}

mailer_actor spawn_http(const surroundings& s, const provider_options& x, codec form, const char* usual_url) {
  http::way_out way{s.client, x.base_url.empty() ? usual_url : x.base_url, x.timeout, s.now, s.random};
  return spawn_http_mailer(s.system, form, std::move(way), x.api_key, s.templates);
}

// ---- resend ----

mailer_actor spawn_resend(const surroundings& s, const provider_options& x) {
  return spawn_http(s, x, {resend::encode, resend::decode}, "https://api.resend.com");
}

// ---- sendgrid ----

mailer_actor spawn_sendgrid(const surroundings& s, const provider_options& x) {
  return spawn_http(s, x, {sendgrid::encode, sendgrid::decode}, "https://api.sendgrid.com");
}

// ---- simulated ----

std::string problem_with_simulated(const provider_options&) {
  return {};
}

mailer_actor spawn_simulated(const surroundings& s, const provider_options&) {
  return simulated::spawn_simulated(s.system, s.now, s.templates);
}

// ---- smtp ----

std::string problem_with_smtp(const provider_options& x) {
  if (!x.url.starts_with("smtp://") && !x.url.starts_with("smtps://"))
    return "url: an smtp or smtps URL is needed";
  if (x.start_tls != "required" && x.start_tls != "offered" && x.start_tls != "never")
    return "start_tls: must be required, offered or never";
  if (x.user.empty() != x.password.empty())
    return x.user.empty() ? "user: needed with password" : "password: needed with user";
  // A password in clear is for a server on this machine at most, and that needs none.
  return !x.user.empty() && x.url.starts_with("smtp://") && x.start_tls != "required"
           ? "start_tls: must be required where there is a password"
           : "";
}

troupe::smtp::client_actor make_client(const surroundings& s, const provider_options& x) {
  if (s.make_smtp_client)
    return s.make_smtp_client(x);
  troupe::smtp::client_options with;
  with.url = x.url;
  with.user = x.user;
  with.password = x.password;
  with.encryption = x.start_tls == "required"  ? troupe::smtp::start_tls::required
                    : x.start_tls == "offered" ? troupe::smtp::start_tls::offered
                                               : troupe::smtp::start_tls::never;
  with.ca_file = s.ca_file;
  return troupe::smtp::spawn_curl_smtp(s.system, std::move(with));
}

mailer_actor spawn_smtp_provider(const surroundings& s, const provider_options& x) {
  return smtp::spawn_smtp(s.system, make_client(s, x), x.timeout, s.now, s.templates);
}

struct kind {
  std::string_view name;
  std::string (*problem_with)(const provider_options&);
  mailer_actor (*spawn)(const surroundings&, const provider_options&);
};

constexpr std::array kinds{
  kind{"simulated", problem_with_simulated, spawn_simulated},
  kind{"resend", problem_with_http, spawn_resend},
  kind{"sendgrid", problem_with_http, spawn_sendgrid},
  kind{"smtp", problem_with_smtp, spawn_smtp_provider},
};

const kind* find_kind(std::string_view name) {
  const auto at = std::find_if(kinds.begin(), kinds.end(), [name](const kind& x) { return x.name == name; });
  return at == kinds.end() ? nullptr : &*at;
}

} // namespace

std::vector<std::string_view> provider_kinds() {
  std::vector<std::string_view> result;
  for (const auto& x : kinds)
    result.push_back(x.name);
  return result;
}

std::string problem_with(const provider_options& x) {
  const auto* found = find_kind(x.kind);
  if (!found) {
    std::string known;
    for (const auto& k : kinds)
      known.append(known.empty() ? "" : ", ").append(k.name);
    return "kind: there is no \"" + x.kind + "\", only " + known;
  }
  if (x.name.empty())
    return "name: needed";
  if (x.timeout <= duration::zero())
    return "timeout: must be more than nothing";
  return found->problem_with(x);
}

mailer_actor spawn_mailer(const surroundings& s, const provider_options& x) {
  const auto problem = problem_with(x);
  ensure(problem.empty(), "mail provider " + x.name + ": " + problem);
  return spawn_paced(s.system, find_kind(x.kind)->spawn(s, x), x.pace, s.now);
}

} // namespace troupe::email
