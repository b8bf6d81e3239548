// supervisors/dead_letters/effects.hpp: steps that were given up when their tries were used up.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/notification/notification_actor.hpp"
#include "supervisors/supervision/supervisor.hpp"

namespace troupe {

/// The letter of a mail that was given up. The same mail is the same letter, however often it is given up.
dead_letter::record given_up_mail(const notification::mail_view& x);

/// Replays such letters: the mail is on its way again once that is stored, with the rest to come. A mail that was sent
/// meanwhile stays as it is. Fails with refused when there is nothing to try any more.
dead_letter::replayer_actor spawn_effect_replayer(const supervision::place& where,
                                                  notification::notification_actor mails);

} // namespace troupe
