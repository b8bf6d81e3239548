#include "adapters/payment/stripe/test_cards.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::payment::stripe {

namespace {

enum class card_outcome : std::uint8_t { authorized, declined, action_required, pending, pending_declined };

struct test_card {
  std::string_view name; // after "pm_card_" and a brand
  std::string_view number;
  card_outcome outcome;
  std::string_view reason; // of the decline, as decline_code has it
};

// Names and numbers are those that Stripe documents; the two of processing are ours.
constexpr test_card test_cards[] = {
  {"chargeDeclined", "4000000000000002", card_outcome::declined, "generic_decline"},
  {"chargeDeclinedInsufficientFunds", "4000000000009995", card_outcome::declined, "insufficient_funds"},
  {"chargeDeclinedLostCard", "4000000000009987", card_outcome::declined, "lost_card"},
  {"chargeDeclinedStolenCard", "4000000000009979", card_outcome::declined, "stolen_card"},
  {"chargeDeclinedExpiredCard", "4000000000000069", card_outcome::declined, "expired_card"},
  {"chargeDeclinedIncorrectCvc", "4000000000000127", card_outcome::declined, "incorrect_cvc"},
  {"chargeDeclinedProcessingError", "4000000000000119", card_outcome::declined, "processing_error"},
  {"authenticationRequired", "4000002760003184", card_outcome::action_required, ""},
  {"threeDSecure2Required", "4000000000003220", card_outcome::action_required, ""},
  {"processing", "", card_outcome::pending, ""},
  {"processingDeclined", "", card_outcome::pending_declined, "generic_decline"},
};

const test_card* find_card(std::string_view method) {
  constexpr std::string_view prefix = "pm_card_";
  if (!method.starts_with(prefix))
    return nullptr;
  method.remove_prefix(prefix.size());
  if (const auto brand = method.find('_'); brand != std::string_view::npos)
    method.remove_prefix(brand + 1);
  const auto found = std::ranges::find(test_cards, method, &test_card::name);
  return found == std::end(test_cards) ? nullptr : found;
}

} // namespace

std::pair<charge_status, std::string_view> outcome_of(std::string_view method, bool capture_at_once, bool decided) {
  const auto* card = find_card(method);
  const auto taken = capture_at_once ? charge_status::captured : charge_status::authorized;
  switch (card ? card->outcome : card_outcome::authorized) {
    case card_outcome::authorized: break;
    case card_outcome::declined: return {charge_status::declined, card->reason};
    case card_outcome::action_required: return {charge_status::action_required, ""};
    case card_outcome::pending:
      if (!decided)
        return {charge_status::pending, ""};
      break;
    case card_outcome::pending_declined:
      if (!decided)
        return {charge_status::pending, ""};
      return {charge_status::declined, card->reason};
  }
  return {taken, ""};
}

std::optional<std::string> method_of_number(std::string_view number) {
  const auto found = std::ranges::find(test_cards, number, &test_card::number);
  if (number.empty() || (found == std::end(test_cards) && !number.starts_with("4242")))
    return std::nullopt;
  return "pm_card_" + std::string{found == std::end(test_cards) ? "visa" : found->name};
}

} // namespace troupe::payment::stripe
