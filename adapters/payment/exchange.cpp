#include "adapters/payment/exchange.hpp"

#include <openssl/evp.h>

namespace troupe::payment {

std::string basic_credentials(std::string_view user, std::string_view password) {
  // RFC 6749, section 2.3.1: each part is encoded as in a form before the two are joined.
  const auto pair = percent_encoded(user) + ":" + percent_encoded(password);
  std::string encoded((pair.size() + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock ends it with a zero
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                    reinterpret_cast<const unsigned char*>(pair.data()), static_cast<int>(pair.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

} // namespace troupe::payment
