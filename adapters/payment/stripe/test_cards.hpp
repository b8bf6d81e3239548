// adapters/payment/stripe/test_cards.hpp: the cards that Stripe documents for tests, and what becomes of a charge with
// one.
#pragma once

#include "adapters/payment/ledger.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::payment::stripe {

/// What becomes of a charge with this payment method, such as "pm_card_visa", and the reason when it is declined: at
/// once, or, with `decided`, when a pending one is decided. A method of no card is authorized.
std::pair<charge_status, std::string_view> outcome_of(std::string_view method, bool capture_at_once, bool decided);

/// The payment method of a card's number; nothing when it is that of no test card.
std::optional<std::string> method_of_number(std::string_view number);

} // namespace troupe::payment::stripe
