// supervisors/dead_letters/mails.hpp: the dead letters of mails that were given up.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/notification/notification_actor.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "supervisors/supervision/supervisor.hpp"

namespace troupe {

/// The outlet that makes a letter of the stored fact that a mail was given up, so that no crash between the two loses
/// it. `sink` is what spawn_mail_letter_sink makes.
outlet::definition mail_letters(outlet::sink_actor sink);

/// Takes the end of a mail over once its letter is durable, or when the mail is not given up any more.
outlet::sink_actor spawn_mail_letter_sink(const supervision::place& where, notification::notification_actor mails,
                                          dead_letter::dead_letter_actor letters);

} // namespace troupe
