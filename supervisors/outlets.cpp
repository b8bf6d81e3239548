#include "supervisors/outlets.hpp"

#include "actors/order/order_entity.hpp"
#include "supervisors/confirmation_sink.hpp"
#include "supervisors/dead_letters/mails.hpp"
#include "supervisors/dead_letters/reviews.hpp"

#include <utility>

namespace troupe {

std::vector<outlet::definition> add_outlets(supervision::group& to, const topology& made, const clock_fn& now,
                                            std::optional<duration> confirms_within) {
  std::vector<outlet::definition> result;
  // Whether mails are sent now or not: some may be on their way from before.
  result.push_back(mail_letters(to.add<outlet::sink_actor>(
    "letter sink", [mails = made.notifications, letters = made.dead_letters.letters](const supervision::place& where) {
      return spawn_mail_letter_sink(where, mails, letters);
    })));
  result.push_back(review_letters(to.add<outlet::sink_actor>(
    "review sink", [orders = made.orders, letters = made.dead_letters.letters](const supervision::place& where) {
      return spawn_review_letter_sink(where, orders, letters);
    })));
  if (!confirms_within)
    return result;
  outlet::definition email;
  email.name = "email";
  email.context = order::traits::context;
  email.types = confirmation_types();
  email.sink = to.add<outlet::sink_actor>(
    "email sink", [orders = made.orders, mails = made.notifications, now, age_max = *confirms_within,
                   pauses = made.paused->published()](const supervision::place& where) {
      return spawn_confirmation_sink(where, orders, mails, now, age_max, pauses);
    });
  result.push_back(std::move(email));
  return result;
}

} // namespace troupe
