// actors/dead_letter/directory.hpp: which letters are open, for lists and groups.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"

#include <caf/disposable.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace troupe::dead_letter {

struct directory_options {
  // Open letters that it knows. Those beyond are stored and can be shown, replayed and discarded by their ids, but are
  // in no list until others are done; then it reads the store again.
  std::size_t letters_max = 100'000;
  std::size_t reads_max = 64;                      // letters that are being read at a time
  std::function<void(const changed&)> passes_on{}; // what its own node's letters tell, on the directory's thread
};

/// The behaviour behind directory_actor. It has no memory but what the store gives it: at its start it reads the open
/// letters, and what happens meanwhile and later it hears from their entities.
class directory_state {
public:
  static constexpr const char* name = "dead_letter_directory";

  directory_state(directory_actor::pointer self, journal::journal_actor journal, directory_options config);
  ~directory_state();

  directory_state(const directory_state&) = delete;
  directory_state& operator=(const directory_state&) = delete;

  directory_actor::behavior_type make_behavior();

private:
  struct known {
    entry now;
    std::uint64_t version = 0;
    std::string group;
  };
  struct group_state {
    dead_letter::cause cause;
    std::set<cursor> letters;
  };

  void load();
  void load_again();
  void forget_what_is_gone();
  void load_page();
  void load_letter(const std::string& key);
  void loaded_one();
  void learn(const changed& x);
  void forget(const letter_id& id);
  void take_out(std::unordered_map<std::string, known>::iterator which);
  group_list groups() const;
  letter_list letters(const list_letters& x) const;
  bool complete() const { return loaded_ && !beyond_; }

  directory_actor::pointer self_;
  journal::journal_actor journal_;
  directory_options config_;
  std::unordered_map<std::string, known> letters_;
  std::set<cursor> order_;
  std::map<std::string, group_state> groups_;
  std::unordered_map<std::string, std::uint64_t> closed_; // while loading: what is read may be older
  std::unordered_set<std::string> unseen_;                // while loading: known before, and not found in the store yet
  std::vector<std::string> to_read_;
  std::optional<journal::wake_up> after_;
  std::size_t reading_ = 0;
  bool last_page_ = false;
  bool loaded_ = false;
  bool again_ = false; // load once more when it has been
  bool beyond_ = false;
};

using directory_impl = directory_actor::stateful_impl<directory_state>;

} // namespace troupe::dead_letter
