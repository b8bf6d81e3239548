// tests/fuzz/stripe_webhook_fuzz.cpp: any header and body, and any body with a signature that holds.
#include "adapters/payment/stripe/webhook.hpp"

#include "adapters/payment/stripe/twin.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace troupe;
  using namespace troupe::payment::stripe;
  const auto now = time_point{std::chrono::seconds{1'772'366'400}};
  const std::string secret = "whsec_fuzz";
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  const auto line = input.substr(0, input.find('\n'));
  const auto body = input.substr(std::min(line.size() + 1, input.size()));
  webhook_verifier verifier{{.secret = secret}};
  const auto forged = verifier.admit(line, body, now);
  if (std::holds_alternative<webhook_event>(forged))
    std::abort(); // a signature was guessed
  const auto header = signature_of(secret, body, now);
  const auto genuine = verifier.admit(header, body, now);
  const auto* refused = std::get_if<webhook_refusal>(&genuine);
  if (refused && *refused != webhook_refusal::malformed)
    std::abort();
  const auto again = verifier.admit(header, body, now);
  if (std::holds_alternative<webhook_event>(again))
    std::abort(); // a replay was admitted
  return 0;
}
