#include "adapters/payment/failure.hpp"

namespace troupe::payment {

caf::error failure_of(const http::response& answer, effect what, time_point now) {
  return failure(http::code_of_status(answer.status, what), answer.fields, now);
}

caf::error failure_of(const caf::error& x, effect what) {
  return http::failure_without_answer(x, what);
}

} // namespace troupe::payment
