// adapters/payment/simulated/books.hpp: a payment provider as a value, for tests. No clock, no I/O.
#pragma once

#include "actors/payment/provider.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace troupe::payment::simulated {

/// Does what each method's name says, always the same:
///
/// | method                                                         | what becomes of it                            |
/// |----------------------------------------------------------------|-----------------------------------------------|
/// | `tok_declined`, `pm_card_visa_chargeDeclined`                  | declined: card_declined                       |
/// | `tok_insufficient_funds`, `…_chargeDeclinedInsufficientFunds`  | declined: insufficient_funds                  |
/// | `tok_pending`, `pm_card_visa_processing`                       | pending, authorized from the first look at it |
/// | `tok_timeout`                                                  | authorized, but the first answer is timed_out |
/// | `tok_unavailable`                                              | the first try fails with unavailable          |
/// | `tok_refund_failed`                                            | authorized; its refunds fail                  |
/// | any other                                                      | authorized                                    |
class books {
public:
  template <class Answer> using outcome = std::variant<Answer, ec>;

  outcome<payment> apply(const authorize& x);
  outcome<payment> apply(const capture& x);
  outcome<payment> apply(const void_payment& x);
  outcome<refunded> apply(const refund& x);
  outcome<payments> apply(const find_payments& x);

private:
  struct charge {
    payment facts;
    std::string reference;
    std::string method;
    std::int64_t refunded{0}; // minor units
  };

  /// What a key was used for, and what came of it.
  struct done {
    std::string request;
    std::variant<payment, refunded, ec> answer;
  };

  template <class Answer, class Act> outcome<Answer> once(const std::string& key, std::string request, Act act);

  outcome<payment> open(const authorize& x);
  outcome<payment> take(const capture& x);
  outcome<payment> let_go(const void_payment& x);
  outcome<refunded> give_back(const refund& x);
  charge* find(const payment_id& id);

  std::vector<charge> charges_;
  std::map<std::string, done> keys_;
  std::map<std::string, int> tries_; // of tok_unavailable and tok_timeout, by key
  int refunds_ = 0;
};

} // namespace troupe::payment::simulated
