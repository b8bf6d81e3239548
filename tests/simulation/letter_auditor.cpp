#include "tests/simulation/letter_auditor.hpp"

#include "actors/dead_letter/stored.hpp"
#include "actors/outlet/stored.hpp"

#include <algorithm>

namespace troupe::simulation {

namespace {

std::string letter_of(const std::string& what) {
  return dead_letter::id_of(what).value;
}

std::string letter_of(const std::string& place, std::uint64_t version, std::uint32_t number) {
  return dead_letter::id_of(place + '/' + std::to_string(version) + '/' + std::to_string(number)).value;
}

} // namespace

void letter_auditor::follow_parking(const journal::stored_event& e) {
  const auto event = outlet::decode(e);
  const auto& key = e.stream.key;
  if (!event)
    return fail_("event " + std::to_string(e.version) + " of " + key + " cannot be read");
  auto& place = places_[key];
  const auto drop = [&](std::uint64_t offset) -> std::uint64_t {
    if (place.waiting.empty() || place.waiting.front().first != offset) {
      fail_(key + " is done with what is not its first");
      return 0;
    }
    const auto version = place.waiting.front().second;
    place.waiting.pop_front();
    return version;
  };
  if (const auto* parked = std::get_if<outlet::parked>(&*event)) {
    place.waiting.emplace_back(parked->item.offset, parked->item.version);
  } else if (const auto* delivered = std::get_if<outlet::delivered>(&*event)) {
    drop(delivered->offset);
  } else if (const auto* given_up = std::get_if<outlet::given_up>(&*event)) {
    const auto version = drop(given_up->offset);
    const auto number = ++place.losses;
    place.lost.emplace(number, version);
    due_.insert(letter_of(key, version, number));
  } else if (const auto* recorded = std::get_if<outlet::letter_recorded>(&*event)) {
    const auto lost = place.lost.find(recorded->number);
    if (lost == place.lost.end() || !letters_.contains(letter_of(key, lost->second, recorded->number)))
      fail_("a letter of " + key + " is said to be recorded before it is durable");
  }
}

void letter_auditor::follow_letter(const journal::stored_event& e) {
  const auto event = dead_letter::decode(e);
  const auto& id = e.stream.key;
  if (!event)
    return fail_("event " + std::to_string(e.version) + " of letter " + id + " cannot be read");
  auto& letter = letters_[id];
  ++letter.events;
  if (const auto* recorded = std::get_if<dead_letter::recorded>(&*event)) {
    letter.place = recorded->letter.place;
    letter.cause = letter.place + ' ' + recorded->letter.code;
    letter.occurrences = 1;
    if (!due_.contains(id))
      fail_("letter " + id + " was recorded of what nobody gave up: " + recorded->letter.summary);
  } else if (const auto* recurred = std::get_if<dead_letter::recurred>(&*event)) {
    letter.cause = letter.place + ' ' + recurred->code;
    letter.status = "open";
    letter.occurrences = recurred->occurrence;
    const auto of = effects_.find(id);
    if (of == effects_.end() || of->second.times_given_up < recurred->occurrence)
      fail_("letter " + id + " tells of more than was given up");
  } else if (std::holds_alternative<dead_letter::replay_requested>(*event)) {
    if (letter.status != "open")
      fail_("letter " + id + " is " + letter.status + " and is replayed");
    letter.status = "replaying";
    ++letter.replays;
  } else if (std::holds_alternative<dead_letter::replayed>(*event)) {
    letter.status = "replayed";
  } else if (std::holds_alternative<dead_letter::replay_failed>(*event)) {
    letter.status = "open";
  } else if (std::holds_alternative<dead_letter::discarded>(*event)) {
    if (letter.status != "open")
      fail_("letter " + id + " is " + letter.status + " and was discarded");
    letter.status = "discarded";
  }
}

void letter_auditor::gave_up(const std::string& what) {
  const auto letter = letter_of(what);
  due_.insert(letter);
  auto& known = effects_[letter];
  known.what = what;
  ++known.times_given_up;
  known.is_given_up = true;
}

// A replay whose answer was lost counts as failed, and may be carried out all the same.
void letter_auditor::took_up(const std::string& what) {
  const auto letter = letter_of(what);
  auto& effect = effects_[letter];
  effect.is_given_up = false;
  const auto found = letters_.find(letter);
  if (found == letters_.end() || found->second.replays < ++effect.times_taken_up)
    fail_(what + " is taken up again, and nobody replays its letter");
}

std::uint64_t letter_auditor::first_missing(const std::string& order) const {
  const auto taken = taken_.find(order);
  const auto place = places_.find(copies + order);
  auto next = taken == taken_.end() ? 1 : taken->second.through + 1;
  const auto given_up = [&] {
    return place != places_.end()
           && std::any_of(place->second.lost.begin(), place->second.lost.end(),
                          [&](const auto& lost) { return lost.second == next; });
  };
  while ((taken != taken_.end() && taken->second.beyond.contains(next)) || given_up())
    ++next;
  return next;
}

void letter_auditor::passed_on(const std::string& order, std::uint64_t version) {
  if (const auto next = first_missing(order); version > next)
    fail_("event " + std::to_string(version) + " of order " + order + " was passed on before event "
          + std::to_string(next) + " was taken or given up");
}

void letter_auditor::taken(const std::string& order, std::uint64_t version) {
  auto& record = taken_[order];
  if (version > record.through)
    record.beyond.insert(version);
  while (record.beyond.erase(record.through + 1) > 0)
    ++record.through;
}

void letter_auditor::told(const dead_letter::view& x) {
  const auto known = letters_.find(x.id.value);
  if (known == letters_.end() || known->second.events < x.of.actions.size() + 1)
    fail_("an operator was told of letter " + x.id.value + " what is not durable");
}

bool letter_auditor::given_up(const std::string& outlet, const std::string& entity) const {
  const auto place = places_.find(outlet + '/' + entity);
  return place != places_.end() && place->second.losses > 0;
}

void letter_auditor::check_taken(const std::string& order, std::uint64_t last) const {
  if (const auto next = first_missing(order); next <= last)
    fail_("event " + std::to_string(next) + " of order " + order + " was neither passed on nor given up");
}

/// The outlet that makes the letters of such things gave up on this one: then there is a letter of that.
bool letter_auditor::stands_for(const effect_record& x) const {
  const auto slash = x.what.find('/');
  const auto context = x.what.substr(0, slash);
  return given_up(context == "order" ? "reviews/order" : "letters/notification", x.what.substr(slash + 1));
}

void letter_auditor::close(const std::vector<dead_letter::entry>& open) const {
  const auto is_replaced = [this](const std::string& id) {
    const auto effect = effects_.find(id);
    return effect != effects_.end() && stands_for(effect->second);
  };
  for (const auto& id : due_)
    if (!letters_.contains(id) && !is_replaced(id))
      fail_("something was given up, and its letter " + id + " is lost");
  for (const auto& [id, of] : effects_)
    if (const auto letter = letters_.find(id); of.is_given_up && letter != letters_.end()
                                               && letter->second.occurrences != of.times_given_up && !stands_for(of))
      fail_("something was given up " + std::to_string(of.times_given_up) + " times, and its letter " + id
            + " tells of " + std::to_string(letter->second.occurrences));
  for (const auto& [key, place] : places_)
    if (!place.waiting.empty())
      fail_("events of " + key + " are parked for ever");
  std::set<std::string> listed;
  for (const auto& x : open)
    listed.insert(x.id.value);
  for (const auto& [id, letter] : letters_) {
    if (letter.status == "replaying")
      fail_("letter " + id + " is being replayed for ever");
    if ((letter.status == "open") != listed.contains(id))
      fail_("letter " + id + " is " + letter.status + ", and the directory says otherwise");
    listed.erase(id);
  }
  if (!listed.empty())
    fail_("the directory lists letter " + *listed.begin() + ", which nobody has recorded");
}

std::map<std::string, std::uint64_t> letter_auditor::ends() const {
  std::map<std::string, std::uint64_t> result;
  for (const auto& [id, letter] : letters_)
    ++result[letter.cause + ": " + letter.status];
  return result;
}

} // namespace troupe::simulation
