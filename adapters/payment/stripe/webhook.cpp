#include "adapters/payment/stripe/webhook.hpp"

#include "adapters/payment/wire_text.hpp"

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace troupe::payment::stripe {

namespace {

using nlohmann::json;

constexpr std::size_t header_bytes_max = 4096;
constexpr std::int64_t seconds_max = 253'402'300'799; // the last of the year 9999

struct signature_header {
  std::string_view time; // as sent: it is part of what is signed
  time_point at;
  std::vector<std::string_view> signatures;
};

std::optional<signature_header> parse_header(std::string_view text) {
  if (text.size() > header_bytes_max)
    return std::nullopt;
  signature_header result;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!part.empty() && part.front() == ' ')
      part.remove_prefix(1);
    if (part.starts_with("t=")) {
      if (!result.time.empty())
        return std::nullopt; // two times: which of them is signed?
      result.time = part.substr(2);
    } else if (part.starts_with("v1=")) {
      result.signatures.push_back(part.substr(3));
    }
  }
  const auto seconds = wire::parse_integer(result.time);
  if (!seconds || *seconds < 0 || *seconds > seconds_max || result.signatures.empty())
    return std::nullopt;
  result.at = time_point{std::chrono::seconds{*seconds}};
  return result;
}

using digest = std::array<char, 64>; // in hex

std::optional<digest> sign(std::string_view time, std::string_view body, std::string_view secret) {
  std::string text;
  text.reserve(time.size() + 1 + body.size());
  text.append(time).append(1, '.').append(body);
  std::array<unsigned char, 32> bytes;
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size)
      || size != bytes.size())
    return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  digest result;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    result[2 * i] = digits[bytes[i] >> 4];
    result[2 * i + 1] = digits[bytes[i] & 15];
  }
  return result;
}

std::string text(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

} // namespace

std::string_view name_of(webhook_refusal x) {
  switch (x) {
    case webhook_refusal::bad_signature: return "bad_signature";
    case webhook_refusal::too_old: return "too_old";
    case webhook_refusal::malformed: return "malformed";
    case webhook_refusal::repeated: return "repeated";
  }
  return "invalid";
}

std::variant<time_point, webhook_refusal> verify_signature(std::string_view header, std::string_view body,
                                                           std::string_view secret, time_point now,
                                                           duration tolerance) {
  const auto given = parse_header(header);
  if (!given || secret.empty())
    return webhook_refusal::bad_signature;
  const auto expected = sign(given->time, body, secret);
  if (!expected)
    return webhook_refusal::bad_signature;
  bool matches = false;
  for (const auto signature : given->signatures)
    // Takes the same time wherever the first difference is.
    if (signature.size() == expected->size()
        && CRYPTO_memcmp(signature.data(), expected->data(), expected->size()) == 0)
      matches = true;
  if (!matches)
    return webhook_refusal::bad_signature;
  if (given->at < now - tolerance || given->at > now + tolerance)
    return webhook_refusal::too_old;
  return given->at;
}

std::variant<webhook_event, webhook_refusal> parse_event(std::string_view body) {
  const auto event = json::parse(body, nullptr, false);
  if (!event.is_object())
    return webhook_refusal::malformed;
  webhook_event result{text(event, "id"), text(event, "type"), {}, {}};
  const auto data = event.find("data");
  if (result.id.empty() || result.id.size() > 255 || result.type.empty() || data == event.end() || !data->is_object())
    return webhook_refusal::malformed;
  const auto object = data->find("object");
  if (object == data->end() || !object->is_object())
    return webhook_refusal::malformed;
  // A charge or a refund names the PaymentIntent that it belongs to.
  result.payment = text(*object, text(*object, "object") == "payment_intent" ? "id" : "payment_intent");
  if (const auto metadata = object->find("metadata"); metadata != object->end() && metadata->is_object())
    result.reference = text(*metadata, "reference");
  return result;
}

replay_memory::answer replay_memory::admit(const std::string& id, time_point signed_at, time_point now) {
  while (!by_age_.empty() && by_age_.begin()->first < now - tolerance_)
    drop_oldest();
  if (const auto at = signed_at_.find(id); at != signed_at_.end()) {
    if (at->second < signed_at) { // sent again with a new signature, which holds for longer
      by_age_.erase(std::pair{at->second, id});
      by_age_.emplace(signed_at, id);
      at->second = signed_at;
    }
    return answer::repeated;
  }
  if (signed_at <= floor_)
    return answer::too_old;
  signed_at_.emplace(id, signed_at);
  by_age_.emplace(signed_at, id);
  while (signed_at_.size() > events_max_) {
    floor_ = by_age_.begin()->first;
    drop_oldest();
  }
  return signed_at_.contains(id) ? answer::admitted : answer::too_old;
}

void replay_memory::forget(const std::string& id) {
  const auto at = signed_at_.find(id);
  if (at == signed_at_.end())
    return;
  by_age_.erase(std::pair{at->second, id});
  signed_at_.erase(at);
}

void replay_memory::drop_oldest() {
  const auto oldest = by_age_.begin();
  signed_at_.erase(oldest->second);
  by_age_.erase(oldest);
}

std::variant<webhook_event, webhook_refusal> webhook_verifier::admit(std::string_view signature, std::string_view body,
                                                                     time_point now) {
  const auto signed_at = verify_signature(signature, body, options_.secret, now, options_.tolerance);
  if (const auto* refused = std::get_if<webhook_refusal>(&signed_at))
    return *refused;
  auto event = parse_event(body);
  if (const auto* known = std::get_if<webhook_event>(&event)) {
    const std::lock_guard guard{mutex_};
    switch (memory_.admit(known->id, std::get<time_point>(signed_at), now)) {
      case replay_memory::answer::admitted: break;
      case replay_memory::answer::repeated: return webhook_refusal::repeated;
      case replay_memory::answer::too_old: return webhook_refusal::too_old;
    }
  }
  return event;
}

void webhook_verifier::forget(const webhook_event& x) {
  const std::lock_guard guard{mutex_};
  memory_.forget(x.id);
}

std::variant<webhook_event, webhook_refusal>
admit_by_any(const std::vector<std::shared_ptr<webhook_verifier>>& verifiers, std::string_view signature,
             std::string_view body, time_point now) {
  for (const auto& verifier : verifiers) {
    auto result = verifier->admit(signature, body, now);
    const auto* refused = std::get_if<webhook_refusal>(&result);
    if (!refused || *refused != webhook_refusal::bad_signature)
      return result;
  }
  return webhook_refusal::bad_signature;
}

} // namespace troupe::payment::stripe
