#include "tests/e2e/http_client.hpp"

#include "tests/support/program.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace troupe::test {

namespace {

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  static_cast<http_answer*>(into)->body.append(bytes, size * count);
  return size * count;
}

std::size_t take_field(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& answer = *static_cast<http_answer*>(into);
  const std::string_view line{bytes, size * count};
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    answer.fields.clear(); // Those of a 100 before it.
  } else if (colon != std::string_view::npos) {
    std::string name{line.substr(0, colon)};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    auto value = line.substr(colon + 1);
    const auto begin = value.find_first_not_of(' ');
    const auto end = value.find_last_not_of(" \r\n");
    value = begin == std::string_view::npos || end == std::string_view::npos ? std::string_view{}
                                                                             : value.substr(begin, end - begin + 1);
    answer.fields.emplace_back(std::move(name), value);
  }
  return line.size();
}

struct global {
  global() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

} // namespace

std::string http_answer::field(std::string_view name) const {
  for (const auto& [known, value] : fields)
    if (known == name)
      return value;
  return {};
}

http_client::http_client(std::string base_url, std::chrono::milliseconds timeout)
  : base_url_(std::move(base_url)), timeout_(patience(timeout)) {
  static const global once;
  handle_ = curl_easy_init();
  if (!handle_)
    throw std::runtime_error{"no curl handle"};
}

http_client::~http_client() {
  if (handle_)
    curl_easy_cleanup(handle_);
}

http_client::http_client(http_client&& other) noexcept
  : base_url_(std::move(other.base_url_)), timeout_(other.timeout_), handle_(std::exchange(other.handle_, nullptr)) {}

http_answer http_client::call(std::string_view method, std::string_view target, std::string_view body,
                              const fields& with) {
  http_answer out;
  curl_easy_reset(handle_);
  const auto url = base_url_ + std::string{target};
  const std::string verb{method};
  curl_slist* lines = nullptr;
  bool typed = false;
  for (const auto& [name, value] : with) {
    lines = curl_slist_append(lines, (name + ": " + value).c_str());
    typed = typed || name == "Content-Type";
  }
  if (!body.empty() && !typed)
    lines = curl_slist_append(lines, "Content-Type: application/json");
  lines = curl_slist_append(lines, "Expect:");
  curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle_, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
  curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, verb.c_str());
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, lines);
  if (!body.empty()) {
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
  }
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &out);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, take_field);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, &out);
  const auto result = curl_easy_perform(handle_);
  curl_slist_free_all(lines);
  if (result != CURLE_OK) {
    out.failure = curl_easy_strerror(result);
    return out;
  }
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  out.status = static_cast<int>(status);
  return out;
}

} // namespace troupe::test
