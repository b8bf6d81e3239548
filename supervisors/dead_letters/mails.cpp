#include "supervisors/dead_letters/mails.hpp"

#include "actors/notification/notification_entity.hpp"
#include "supervisors/dead_letters/effects.hpp"
#include "supervisors/dead_letters/letter_sink.hpp"

namespace troupe {

namespace {

struct given_up_mails {
  using answer = notification::mail_view;

  notification::notification_actor actor;

  static notification::get_mail question(const std::string& key) { return {{key}}; }
  static std::optional<dead_letter::record> letter_of(const answer& x) {
    return x.status == notification::status::given_up ? std::optional{given_up_mail(x)} : std::nullopt;
  }
};

} // namespace

outlet::definition mail_letters(outlet::sink_actor sink) {
  outlet::definition out;
  out.name = "letters";
  out.context = notification::traits::context;
  out.types = {"notification.given_up"};
  out.sink = std::move(sink);
  return out;
}

outlet::sink_actor spawn_mail_letter_sink(const supervision::place& where, notification::notification_actor mails,
                                          dead_letter::dead_letter_actor letters) {
  return spawn_letter_sink(where, given_up_mails{std::move(mails)}, std::move(letters));
}

} // namespace troupe
