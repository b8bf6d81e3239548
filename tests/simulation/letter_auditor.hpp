// tests/simulation/letter_auditor.hpp: what must hold of events that leave by outlets, and of dead letters.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/entity/stored_event.hpp"
#include "actors/outlet/parking.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::simulation {

/// Each event of an outlet is taken, in the order of its entity, or is given up; whatever is given up has its letter,
/// and nothing else has one.
class letter_auditor {
public:
  using fail_fn = std::function<void(std::string)>;

  explicit letter_auditor(fail_fn fail) : fail_(std::move(fail)) {}

  // Durable events, each once, in the order of its stream.
  void follow_parking(const journal::stored_event& e);
  void follow_letter(const journal::stored_event& e);

  // What durably became of "notification/<mail>" or "order/<order>": it was given up or came to review, it is tried or
  // looked at again.
  void gave_up(const std::string& what);
  void took_up(const std::string& what);

  // The sink that takes every event of the orders: is asked to, and has.
  void passed_on(const std::string& order, std::uint64_t version);
  void taken(const std::string& order, std::uint64_t version);

  /// An operator was answered with this letter.
  void told(const dead_letter::view& x);

  /// Whether this outlet ("email/order") gave up on an event of `entity`.
  bool given_up(const std::string& outlet, const std::string& entity) const;

  /// The sink has had every event of `order`, the last of which is `last`.
  void check_taken(const std::string& order, std::uint64_t last) const;

  /// `open` is what the directory lists now.
  void close(const std::vector<dead_letter::entry>& open) const;

  std::map<std::string, std::uint64_t> ends() const; // letters by cause and status

private:
  struct place_record {
    std::deque<std::pair<std::uint64_t, std::uint64_t>> waiting; // offsets and versions
    std::uint32_t losses = 0;
    std::map<std::uint32_t, std::uint64_t> lost; // versions, by the number of the loss
  };
  struct letter_record {
    std::string place;
    std::string cause; // the place, and the code of the last time
    std::string status = "open";
    std::size_t events = 0;
    std::uint32_t occurrences = 0;
    std::uint32_t replays = 0; // that were asked for
  };
  struct effect_record {
    std::string what; // was given up
    std::uint32_t times_given_up = 0;
    std::uint32_t times_taken_up = 0;
    bool is_given_up = false; // now
  };
  struct taken_record {
    std::uint64_t through = 0; // every version up to here is taken or given up
    std::set<std::uint64_t> beyond;
  };

  static constexpr const char* copies = "copy/order/"; // of that sink's outlet

  bool stands_for(const effect_record& x) const;
  std::uint64_t first_missing(const std::string& order) const;

  fail_fn fail_;
  std::map<std::string, place_record, std::less<>> places_; // of parked events, by key
  std::set<std::string> due_;                               // letters of what was given up
  std::map<std::string, effect_record> effects_;            // by their letters
  std::map<std::string, letter_record> letters_;
  std::map<std::string, taken_record> taken_;
};

} // namespace troupe::simulation
