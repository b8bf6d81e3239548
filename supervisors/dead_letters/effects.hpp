// supervisors/dead_letters/effects.hpp: steps that were given up when their tries were used up.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/notification/notification_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "supervisors/supervision/supervisor.hpp"

namespace troupe {

/// The letter of a mail that was given up. The same mail is the same letter, however often it is given up.
dead_letter::record given_up_mail(const notification::mail_view& x);

/// The letter of an order that is in review. The same order is the same letter, however often it comes there.
dead_letter::record reviewed_order(const order::view& x);

/// Replays such letters, and has done so once it is stored that the mail is on its way again, or that the order looks
/// once more for what it could not find out; what comes of it is another matter. A mail that was sent meanwhile, and an
/// order that is not in review any more, stay as they are. Fails with refused when there is nothing to try.
dead_letter::replayer_actor spawn_effect_replayer(const supervision::place& where,
                                                  notification::notification_actor mails, order::order_actor orders);

} // namespace troupe
