#include "adapters/webhook/codec.hpp"

#include "adapters/http_client/failure.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace troupe::webhook {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t key_bytes_min = 24;
constexpr std::size_t key_bytes_max = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size =
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

} // namespace

std::optional<std::string> parse_secret(std::string_view text) {
  if (!text.starts_with(prefix))
    return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.size() % 4 != 0 || text.size() > 4 * (key_bytes_max + 2) / 3 + 4)
    return std::nullopt;
  std::string key(text.size(), '\0');
  const auto size =
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  // It counts what was padded as bytes of zero.
  const auto padded = static_cast<std::size_t>(text.size() - text.find_last_not_of('=') - 1);
  key.resize(static_cast<std::size_t>(size) - std::min(padded, static_cast<std::size_t>(size)));
  // What stands for no other text is the only form: OpenSSL lets white space and stray bits pass.
  if (key.size() < key_bytes_min || key.size() > key_bytes_max || base64(key) != text)
    return std::nullopt;
  return key;
}

std::string sign(std::string_view id, std::int64_t seconds, std::string_view body, std::string_view key) {
  std::string text{id};
  text.append(".").append(std::to_string(seconds)).append(".").append(body);
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  const bool made =
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), digest.data(), &size);
  ensure(made && size == digest.size(), "SHA-256 is there");
  return "v1," + base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string body_of(const alarm::notice& x) {
  const nlohmann::ordered_json body{{"type", alarm::name_of(x.what.what)},
                                    {"timestamp", to_rfc3339(x.what.at)},
                                    {"data",
                                     {{"node", x.node},
                                      {"subject", x.what.subject},
                                      {"reason", x.what.reason},
                                      {"count", x.what.count},
                                      {"runbook", alarm::runbook_of(x.what)}}}};
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

http::request encode(const alarm::notice& x, time_point now, std::string_view key) {
  auto body = body_of(x);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  auto signature = sign(x.id, seconds, body, key);
  return {"POST",
          "",
          {{"Content-Type", "application/json"},
           {"webhook-id", x.id},
           {"webhook-timestamp", std::to_string(seconds)},
           {"webhook-signature", std::move(signature)}},
          std::move(body)};
}

caf::error decode(const http::response& answer, time_point now) {
  if (answer.status >= 200 && answer.status < 300)
    return {};
  return http::failure(http::code_of_status(answer.status, http::effect::write), answer.fields, now);
}

} // namespace troupe::webhook
