#include "supervisors/dead_letters/messages.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace troupe {

namespace {

std::optional<std::string> bytes_of(const caf::message& x, caf::actor_system& system) {
  caf::byte_buffer buffer;
  caf::binary_serializer sink{system, buffer};
  if (!sink.apply(x))
    return std::nullopt;
  return std::string{reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

std::optional<caf::message> message_in(std::string_view bytes, caf::actor_system& system) {
  caf::message result;
  caf::binary_deserializer source{system, bytes.data(), bytes.size()};
  if (!source.apply(result))
    return std::nullopt;
  return result;
}

dead_letter::replayer_actor::behavior_type make_replayer(dead_letter::replayer_actor::pointer self,
                                                         std::shared_ptr<const sealer> seals,
                                                         std::map<std::string, caf::strong_actor_ptr> parts) {
  return {[self, seals, parts](const request_context&, const dead_letter::replay_letter& x) -> caf::result<void> {
    const auto part = parts.find(x.letter.place);
    if (part == parts.end())
      return caf::make_error(ec::refused, "there is no part " + x.letter.place + " any more");
    const auto bytes = seals->open(x.letter.sealed, x.id.value);
    if (!bytes)
      return caf::make_error(ec::refused, std::string{"its payload cannot be opened: the key is another one"});
    auto message = message_in(*bytes, self->system());
    if (!message)
      return caf::make_error(ec::refused, std::string{"its payload is not of this release"});
    part->second->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(*message)),
                          self->context());
    return caf::unit;
  }};
}

} // namespace

dead_letter::record lost_message(const supervision::undelivered& x, dead_letter::letter_id id,
                                 caf::actor_system& system, const sealer& seals) {
  dead_letter::record out;
  out.id = std::move(id);
  auto& letter = out.letter;
  letter.source = dead_letter::source::undeliverable_message;
  letter.code = to_string(x.why);
  letter.place = x.path;
  letter.summary = "A message to " + x.path + " reached nobody: " + x.message;
  letter.origin = "node";
  const auto bytes = bytes_of(x.content, system);
  if (bytes && bytes->size() <= kept_message_max)
    letter.sealed = seals.seal(*bytes, out.id.value);
  else
    letter.summary += bytes ? " (too large to be kept)" : " (it cannot be kept)";
  return out;
}

std::map<std::string, caf::strong_actor_ptr> parts_by_path(const supervision::group& root) {
  std::map<std::string, caf::strong_actor_ptr> result;
  for (const auto& x : root.children()) {
    if (!x.children) {
      result[root.id() + '/' + x.id] = x.handle;
      continue;
    }
    for (auto& [path, handle] : parts_by_path(*x.children))
      result[root.id() + '/' + path] = handle;
  }
  return result;
}

dead_letter::replayer_actor spawn_message_replayer(const supervision::place& where, std::shared_ptr<const sealer> seals,
                                                   std::map<std::string, caf::strong_actor_ptr> parts) {
  return where.run<dead_letter::replayer_actor>(make_replayer, std::move(seals), std::move(parts));
}

} // namespace troupe
