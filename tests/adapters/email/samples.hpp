// tests/adapters/email/samples.hpp: a mail, rendered and not.
#pragma once

#include "adapters/email/message.hpp"

#include <gtest/gtest.h>

namespace troupe::email::test {

inline constexpr auto noon = time_point{duration{1'772'366'400'000}}; // 2026-03-01T12:00:00Z, a Sunday

inline message some_message() {
  return {"o-1/confirmation",
          {"shop@example.org", "The shop"},
          {"ada@example.org", "Ada \"Countess\" L."},
          "Your order o-1",
          "plain\n",
          "<p>rich</p>\n",
          notification::category::transactional};
}

inline notification::send_mail some_mail(std::string to = "ada@example.org") {
  return {"o-1/confirmation",
          {"shop@example.org", "The shop"},
          {std::move(to), "Ada"},
          "order_confirmation",
          R"({"orderId":"o-1","placedOn":"2026-03-01","total":"25.80 EUR","items":[{"sku":"<b>tea</b>","quantity":2,)"
          R"("price":"12.90 EUR","amount":"25.80 EUR"}]})",
          notification::category::transactional};
}

} // namespace troupe::email::test
