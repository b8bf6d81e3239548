#include "supervisors/dead_letters/replayers.hpp"

#include "supervisors/dead_letters/effects.hpp"
#include "supervisors/dead_letters/messages.hpp"
#include "supervisors/dead_letters/webhooks.hpp"

namespace troupe {

void add_replayers(topology& to, const std::shared_ptr<const sealer>& seals) {
  using dead_letter::replayer_actor;
  using dead_letter::source;
  auto known = *to.replayers;
  known[source::refused_webhook] =
    to.root.add<replayer_actor>("webhook replayer", [seals, orders = to.orders](const supervision::place& where) {
      return spawn_webhook_replayer(where.system(), seals, orders);
    });
  known[source::exhausted_effect] = to.root.add<replayer_actor>(
    "effect replayer", [mails = to.notifications, orders = to.orders](const supervision::place& where) {
      return spawn_effect_replayer(where, mails, orders);
    });
  const auto parts = parts_by_path(to.root);
  known[source::undeliverable_message] =
    to.root.add<replayer_actor>("message replayer", [seals, parts](const supervision::place& where) {
      return spawn_message_replayer(where, seals, parts);
    });
  std::set<std::string> reachable;
  for (const auto& [path, handle] : parts)
    reachable.insert(path);
  to.reachable.set(std::move(reachable));
  to.replayers.set(std::move(known));
}

} // namespace troupe
